/** The call that shows the original trackers: how each answers, and when a torrent is asked for again. */
import { z } from 'zod';
import { count, infoHash, listQuery, lowerCaseInfoHash, seconds, time } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';

const state = z.enum(['closed', 'open', 'half-open']);

const original = z
  .strictObject({
    name: z.string().meta({ description: 'protocol, host and port' }),
    state: state.meta({
      description:
        'of its circuit breaker: `closed` it is asked, `open` it is left alone, `half-open` one request tries it',
    }),
    askedAt: time.nullable(),
    answeredAt: time.nullable(),
    intervalSeconds: seconds.nullable().meta({ description: 'how long one torrent waits, as it stated last' }),
    torrentsWaiting: count.meta({ description: 'torrents that are not due at it yet' }),
    nextDueAt: time.nullable().meta({ description: 'when the first of these is due' }),
    failures: count.meta({ description: 'consecutive ones' }),
    failure: z.string().nullable(),
    retryAt: time.nullable().meta({ description: 'when it is tried again, if it is left alone' }),
    active: count,
    waiting: count,
    requestsLeftThisHour: count,
  })
  .meta({ title: 'OriginalTracker' });

export const originalsAnswer = z.strictObject({
  total: count,
  limits: z
    .strictObject({ requestsPerSecond: z.number(), concurrentRequests: count, requestsPerHour: count })
    .meta({ description: 'in force for each original (`upstream.limits`)' }),
  torrentsInNeed: count.meta({ description: 'torrents for which peers are asked for until enough are found' }),
  announcedEndpoints: count.meta({ description: 'caches that originals list because the exchange announced them' }),
  originals: z.array(original),
  torrent: z
    .strictObject({
      infoHash: lowerCaseInfoHash,
      trackers: z.array(
        z.strictObject({
          tracker: z.string().meta({ description: 'its announce URL, without secrets' }),
          original: z.string(),
          dueAt: z.strictObject({ ipv4: time.nullable(), ipv6: time.nullable() }).meta({ description: 'null: now' }),
        }),
      ),
    })
    .optional(),
});

export type OriginalsAnswer = z.input<typeof originalsAnswer>;

export interface OriginalsView {
  /** @param torrent its trackers are shown too, and only their originals */
  originals(page: { limit: number; offset: number }, torrent: InfoHash | undefined): OriginalsAnswer;
}

/** @param view of the exchange as it runs now; undefined: it is switched off */
export function originalRoutes(view: () => OriginalsView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/upstream/originals',
      summary: 'Original trackers: how each answers, how often it is asked, and when a torrent is due',
      access: 'viewer',
      query: listQuery.extend({ infoHash: infoHash.optional() }),
      answers: [{ status: 200, description: 'The last asked first.', schema: originalsAnswer }],
      handle: ({ query }) => {
        const torrent = query.infoHash === undefined ? undefined : parseInfoHash(query.infoHash);
        return { json: switchedOn(view(), 'the exchange with original trackers').originals(query, torrent) };
      },
    }),
  ];
}
