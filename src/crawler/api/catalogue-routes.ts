/** The call that lists the catalogue, which the crawler fills. */
import { z } from 'zod';
import { count, type ListQuery, listQuery, lowerCaseInfoHash } from '../../control-api/field-schemas.js';
import { type Document, type Route, route, switchedOn } from '../../control-api/route.js';

export interface CatalogueView {
  torrents(query: ListQuery): Promise<{ readonly total: number; readonly torrents: readonly Document[] }>;
}

export function catalogueRoutes(catalogue: CatalogueView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/torrents',
      summary: 'The catalogue',
      access: 'operator',
      query: listQuery,
      answers: [{ status: 200, description: '`total` counts all.', schema: torrentsAnswer }],
      handle: async ({ query }) => ({ json: await switchedOn(catalogue, 'the catalogue').torrents(query) }),
    }),
  ];
}

const torrentsAnswer = z.strictObject({
  total: count,
  torrents: z.array(
    z.strictObject({
      infoHash: lowerCaseInfoHash,
      hybridInfoHash: lowerCaseInfoHash.optional(),
      infoHashV2: z.string().optional(),
      name: z.string(),
      totalBytes: count.optional(),
      pieceBytes: count.optional(),
      fileCount: count,
      magnet: z.string().optional(),
      source: z.string(),
      pageUrl: z.string().optional(),
      torrentUrl: z.string().optional(),
      seeds: count.optional(),
      leechers: count.optional(),
      score: z.number(),
      rank: z.int().optional(),
      firstSeenMs: z.int(),
      lastSeenMs: z.int(),
      fetchedMs: z.int(),
    }),
  ),
});
