/**
 * What an original tracker may push: the peers of one torrent, or of many. The torrents of a batch are checked one by one, so
 * that an invalid one does not lose the others.
 */
import { z } from 'zod';
import { address, count, infoHash, lowerCaseInfoHash, port } from '../../control-api/field-schemas.js';
import { jsonSchema } from '../../control-api/openapi.js';
import { MAX_PUSHED_PEERS, MAX_PUSHED_TORRENTS } from '../limits.js';

const ttlSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .optional()
  .meta({ description: 'how long the peers are handed out; required where there are peers' });

const removed = z
  .union([z.literal('all'), z.array(z.strictObject({ address, port })).max(MAX_PUSHED_PEERS)])
  .optional()
  .meta({
    description: 'imported peers that are removed before `peers` are imported; "all": those of the whole torrent',
  });

export const pushedTorrent = z
  .strictObject({
    infoHash,
    peers: z
      .array(z.strictObject({ address, port, seed: z.boolean().default(false) }))
      .max(MAX_PUSHED_PEERS)
      .default([]),
    ttlSeconds,
    removed,
  })
  .meta({ title: 'PeerPush' });

export type PushedTorrent = z.output<typeof pushedTorrent>;

export const pushedBatch = z
  .strictObject({
    ttlSeconds: ttlSeconds.meta({ description: 'of torrents that have none' }),
    torrents: z
      .array(z.unknown().meta(jsonSchema(pushedTorrent, 'input')))
      .min(1)
      .max(MAX_PUSHED_TORRENTS),
  })
  .meta({ title: 'PeerPushes' });

export type PushedBatch = z.output<typeof pushedBatch>;

/** A body with `torrents` is a batch. A union of the two would not say what is wrong with the one that was meant. */
export const eitherPush = z
  .unknown()
  .meta({ anyOf: [jsonSchema(pushedTorrent, 'input'), jsonSchema(pushedBatch, 'input')] })
  .transform((body, context): PushedTorrent | PushedBatch => {
    const isBatch = typeof body === 'object' && body !== null && 'torrents' in body;
    const checked = (isBatch ? pushedBatch : pushedTorrent).safeParse(body);
    if (checked.success) return checked.data;
    for (const issue of checked.error.issues) context.issues.push({ ...issue, input: body } as z.core.$ZodRawIssue);
    return z.NEVER;
  });

const refused = z.array(z.strictObject({ reason: z.string(), peers: z.int() }));

export const pushAnswer = z.strictObject({ accepted: count, removed: count.optional(), refused });

export const batchAnswer = z.strictObject({
  accepted: count,
  removed: count,
  torrents: z
    .array(
      z.strictObject({
        infoHash: lowerCaseInfoHash.optional(),
        accepted: count,
        removed: count,
        refused,
        problem: z
          .looseObject({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
          .optional()
          .meta({ description: 'why nothing of this torrent was done (RFC 9457)' }),
      }),
    )
    .meta({ description: 'in the order of the request' }),
});
