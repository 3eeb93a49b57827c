/** The calls of the control API that show the caches. */
import { z } from 'zod';
import { count, name, port, time } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { formatIp } from '../../domain/ip-address.js';
import type { HeldTorrent } from '../cache-client.js';
import type { RunningCache, RunningCaches } from '../running-caches.js';
import { addressesOf, CLIENT_KINDS } from '../section.js';

export const CACHES_PATH = '/api/v1/caches';

const bytes = count;
const cacheStatus = z
  .strictObject({
    name,
    addresses: z.array(z.string()),
    kind: z.enum(CLIENT_KINDS),
    drained: z.boolean().meta({ description: 'the operator has taken it out' }),
    health: z.enum(['up', 'down', 'unknown']).meta({ description: 'unknown: it has not answered since the start' }),
    error: z.string().nullable().meta({ description: 'why the last call failed, and what to do' }),
    answeredAt: time.nullable().meta({ description: 'what follows is as of then; null: it never answered' }),
    client: z.string().nullable().meta({ example: 'Transmission 3.00' }),
    peerPort: port.nullable(),
    torrents: z.strictObject({
      filling: count,
      serving: count,
      failed: count,
      other: count.meta({ description: 'paused, queued, or being checked' }),
    }),
    heldBytes: bytes.meta({ description: 'on disk, of torrents that were added here' }),
    fillingBytes: bytes.meta({ description: 'still to be fetched' }),
    quotaBytes: bytes,
    freeBytes: bytes.nullable().meta({ description: 'on its disk; null: the client does not say' }),
    uploadedBytes: bytes.meta({ description: 'served, by these torrents, as the client counts' }),
    downloadedBytes: bytes,
    fillRateBytesPerSecond: bytes.nullable(),
    window: z.strictObject({
      open: z.boolean().meta({ description: 'whether it may fetch now' }),
      period: z.string().nullable().meta({ description: 'of billing.schedule, in force now' }),
      nextChangeAt: time.nullable(),
    }),
    failures: z.array(z.strictObject({ infoHash: z.string(), error: z.string() })),
  })
  .meta({ title: 'CacheStatus' });
export type CacheStatus = z.output<typeof cacheStatus>;
export const cachesAnswer = z.strictObject({
  caches: z.array(cacheStatus),
  fillRateBytesPerSecond: bytes
    .nullable()
    .meta({ description: 'of all caches together, over the border; null: no limit' }),
});

/** Of one cache in an answer; the others are on its own machine. */
const MAX_FAILURES = 20;

export function cacheRoutes(
  running: () => Pick<RunningCaches, 'caches' | 'fillRateBytesPerSecond'> | undefined,
): Route[] {
  return [
    route({
      method: 'get',
      path: CACHES_PATH,
      summary: 'The caches: whether they answer, what they hold and what they served',
      access: 'viewer',
      answers: [{ status: 200, description: 'As of the last answer of each cache.', schema: cachesAnswer }],
      handle: () => {
        const { caches, fillRateBytesPerSecond } = switchedOn(running(), 'the caches');
        return { json: { caches: caches.map(statusOf), fillRateBytesPerSecond: fillRateBytesPerSecond ?? null } };
      },
    }),
  ];
}

export function statusOf({ settings, reading, fillWindow, isDrained }: RunningCache): CacheStatus {
  const { state, answeredAtMs } = reading;
  const torrents = state?.torrents ?? [];
  const inState = (...states: HeldTorrent['state'][]): number =>
    torrents.filter((torrent) => states.includes(torrent.state)).length;
  const sum = (bytesOf: (torrent: HeldTorrent) => number): number =>
    torrents.reduce((total, torrent) => total + bytesOf(torrent), 0);
  return {
    name: settings.name,
    addresses: addressesOf(settings).map(formatIp),
    kind: settings.client,
    drained: isDrained,
    health: reading.health,
    error: reading.error ?? null,
    answeredAt: answeredAtMs === undefined ? null : new Date(answeredAtMs).toISOString(),
    client: state?.client ?? null,
    peerPort: settings.peerPort ?? state?.peerPort ?? null,
    torrents: {
      filling: inState('filling'),
      serving: inState('serving'),
      failed: inState('failed'),
      other: inState('paused', 'queued', 'checking'),
    },
    heldBytes: sum(({ haveBytes }) => haveBytes),
    fillingBytes: sum(({ state, totalBytes, haveBytes }) => (state === 'filling' ? totalBytes - haveBytes : 0)),
    quotaBytes: settings.quotaBytes,
    freeBytes: state?.freeBytes ?? null,
    uploadedBytes: sum(({ uploadedBytes }) => uploadedBytes),
    downloadedBytes: sum(({ downloadedBytes }) => downloadedBytes),
    fillRateBytesPerSecond: settings.fillRateBytesPerSecond ?? null,
    window: {
      open: fillWindow.isOpen,
      period: fillWindow.period ?? null,
      nextChangeAt: fillWindow.nextChangeAtMs === undefined ? null : new Date(fillWindow.nextChangeAtMs).toISOString(),
    },
    failures: torrents
      .filter(({ state }) => state === 'failed')
      .slice(0, MAX_FAILURES)
      .map(({ infoHash, error }) => ({ infoHash, error: error ?? 'unknown' })),
  };
}
