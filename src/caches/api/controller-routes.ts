/** The calls of the control API that steer the caches: take one out, fetch now, and see what was done and why. */
import { z } from 'zod';
import { count, infoHash, lowerCaseInfoHash, name, queryCount, time } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { ClientError } from '../../domain/errors.js';
import { parseInfoHash } from '../../domain/info-hash.js';
import { describeTorrents } from '../describe-torrents.js';
import type { CachesNeeds, RunningCaches } from '../running-caches.js';
import { CACHES_PATH } from './cache-routes.js';

const MAX_ROWS = 1_000;

const filter = { cache: name.optional(), infoHash: infoHash.optional(), limit: queryCount(MAX_ROWS).default(100) };
const money = z.number().min(0);
const currency = z.string();

const torrent = z
  .strictObject({
    cache: name,
    infoHash: lowerCaseInfoHash,
    name: z.string(),
    bytes: count,
    haveBytes: count.meta({ description: 'verified on the disk of the cache' }),
    state: z
      .enum(['filling', 'serving', 'paused', 'checking', 'queued', 'failed'])
      .nullable()
      .meta({ description: 'as the client says; null: it does not hold it' }),
    demandPerDay: z.number().min(0).meta({ description: 'downloads that are expected within a day' }),
    savingPerDay: money,
    currency,
    why: z.string().meta({ example: 'wanted: it waits for the fill window' }),
  })
  .meta({ title: 'CacheTorrent' });
export type CacheTorrent = z.output<typeof torrent>;
export const cacheTorrentsAnswer = z.strictObject({ torrents: z.array(torrent) });

const entry = z
  .strictObject({
    at: time,
    cache: z.string().meta({ description: '`*`: any of them' }),
    infoHash: lowerCaseInfoHash.nullable(),
    name: z.string().nullable(),
    action: z.enum([
      'added',
      'resumed',
      'stopped',
      'completed',
      'removed',
      'failed',
      'requested',
      'drained',
      'undrained',
      'taken-out',
      'put-back',
    ]),
    reason: z.string(),
    actor: z.string().meta({ description: '`controller`, or who used the API' }),
    savingPerDay: money.nullable().meta({ description: 'as it was expected then' }),
    currency: currency.nullable(),
  })
  .meta({ title: 'CacheLogEntry' });
export type CacheLogLine = z.output<typeof entry>;
export const cacheLogAnswer = z.strictObject({ entries: z.array(entry) });

const fillBody = z.strictObject({
  infoHash: infoHash.optional().meta({ description: 'default: everything that the caches should hold' }),
  cache: name.optional().meta({ description: 'default: any one that may hold it' }),
  now: z.boolean().default(false).meta({ description: 'at once, also outside of the fill window' }),
});
const fillAnswer = z.strictObject({
  requested: z.array(z.strictObject({ infoHash: lowerCaseInfoHash, name: z.string(), cache: name.nullable() })),
  warning: z.string().nullable(),
});
export type FillAnswer = z.output<typeof fillAnswer>;

const drainAnswer = z.strictObject({ cache: name, drained: z.boolean(), changed: z.boolean() });
export type DrainAnswer = z.output<typeof drainAnswer>;

type Running = () => RunningCaches | undefined;

const unknownCache = {
  status: 404,
  description: 'The configuration has no cache of this name, or the catalogue does not have the torrent.',
};

export function controllerRoutes(running: Running, { prices }: Pick<CachesNeeds, 'prices'>): Route[] {
  const caches = (): RunningCaches => switchedOn(running(), 'the caches');
  return [
    route({
      method: 'get',
      path: `${CACHES_PATH}/torrents`,
      summary: 'What each cache holds, should hold or does not hold, and why; the highest demand first',
      access: 'viewer',
      query: z.object(filter),
      answers: [
        {
          status: 200,
          description: 'As of the last round of the controller.',
          schema: cacheTorrentsAnswer,
        },
        unknownCache,
      ],
      handle: ({ query: { infoHash: hash, ...query } }) => {
        known(caches(), query.cache);
        const wanted = hash === undefined ? undefined : parseInfoHash(hash);
        return { json: { torrents: describeTorrents(caches().controller, prices(), { ...query, infoHash: wanted }) } };
      },
    }),
    route({
      method: 'get',
      path: `${CACHES_PATH}/log`,
      summary: 'What was done to the caches and why, the latest first',
      access: 'viewer',
      query: z.object(filter),
      answers: [{ status: 200, description: 'The newest entries.', schema: cacheLogAnswer }],
      handle: ({ query: { infoHash: hash, ...query } }) => {
        const wanted = hash === undefined ? undefined : parseInfoHash(hash);
        const entries = caches().controller.log({ ...query, infoHash: wanted });
        return {
          json: {
            entries: entries.map(({ atMs, saving, infoHash: of, name: called, currency: money, ...rest }) => ({
              at: new Date(atMs).toISOString(),
              ...rest,
              infoHash: of ?? null,
              name: called ?? null,
              savingPerDay: saving ?? null,
              currency: money ?? null,
            })),
          },
        };
      },
    }),
    ...orderRoutes(caches),
  ];
}

function orderRoutes(caches: () => RunningCaches): Route[] {
  return [
    route({
      method: 'post',
      path: `${CACHES_PATH}/fill`,
      summary: 'Asks for a torrent whatever its demand, or lets the caches fetch now',
      access: 'operator',
      audit: { action: 'cache-fill', subject: ({ body }) => body.infoHash?.toLowerCase() ?? body.cache ?? 'all' },
      body: fillBody,
      answers: [
        { status: 200, description: '`requested` until a cache has it.', schema: fillAnswer },
        unknownCache,
        { status: 422, description: 'No cache may hold it.' },
      ],
      handle: ({ body: { infoHash: hash, cache, now }, principal }) => {
        known(caches(), cache);
        const { controller } = caches();
        const actor = principal!.name;
        const wanted = hash === undefined ? undefined : parseInfoHash(hash);
        const requested =
          wanted !== undefined
            ? [controller.request(wanted, cache, now, actor)]
            : now
              ? controller.requestMissing(cache, actor)
              : [];
        controller.countSoon();
        return {
          json: {
            requested: requested.map((each) => ({
              infoHash: each.infoHash,
              name: each.name,
              cache: each.cache ?? null,
            })),
            warning: warningOf(caches(), cache, now, requested.length),
          },
        };
      },
    }),
    route({
      method: 'post',
      path: `${CACHES_PATH}/{name}/drain`,
      summary: 'Takes a cache out: it takes nothing new, is handed to nobody, and keeps its data',
      access: 'operator',
      audit: { action: 'cache-drain', subject: ({ params }) => params.name },
      params: z.object({ name }),
      body: z.strictObject({ undo: z.boolean().default(false) }),
      answers: [{ status: 200, description: 'Holds over restarts.', schema: drainAnswer }, unknownCache],
      handle: ({ params, body: { undo }, principal }) => {
        known(caches(), params.name);
        const { controller } = caches();
        const changed = controller.isDrained(params.name) === undo;
        if (undo) controller.undrain(params.name, principal!.name);
        else if (changed) controller.drain(params.name, principal!.name);
        return { json: { cache: params.name, drained: !undo, changed } };
      },
    }),
  ];
}

function known(caches: Pick<RunningCaches, 'find' | 'caches'>, cache: string | undefined): void {
  if (cache === undefined || caches.find(cache) !== undefined) return;
  const names = caches.caches.map(({ settings }) => settings.name).join(', ');
  throw new ClientError('not-found', `unknown cache "${cache}"; configured: ${names || 'none'}`);
}

function warningOf(
  caches: Pick<RunningCaches, 'caches'>,
  only: string | undefined,
  now: boolean,
  requested: number,
): string | null {
  const closed = caches.caches.filter(
    ({ settings, fillWindow }) => (only === undefined || settings.name === only) && !fillWindow.isOpen,
  );
  if (closed.length === 0) return null;
  const names = closed.map(({ settings }) => settings.name).join(', ');
  if (now && requested > 0) {
    return `the fill window of ${names} is closed: what crosses the border now is paid at the rate of this hour`;
  }
  return now ? null : `the fill window of ${names} is closed; with "now" it is fetched now`;
}
