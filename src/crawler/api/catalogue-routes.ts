/** The calls of the catalogue, which the crawler fills: lists, one torrent, the log, and the operator's decisions. */
import { z } from 'zod';
import { count, infoHash, listQuery, lowerCaseInfoHash, queryCount } from '../../control-api/field-schemas.js';
import { type Document, type Route, route, switchedOn } from '../../control-api/route.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { TORRENT_KINDS } from '../../domain/torrent-kind.js';
import type { DecisionEntry } from '../../store/sqlite/catalogue-decisions.js';
import type { LogEntry, LogQuery } from '../../store/sqlite/catalogue-log.js';
import { type ActionOutcome, type ActionRequest, CATALOGUE_ACTIONS } from '../catalogue-actions.js';

const torrentsQuery = listQuery.extend({
  q: z.string().max(200).optional().meta({ description: 'words that are all in the name or in the path of a file' }),
  sort: z
    .enum(['rank', 'name', 'size', 'seeds', 'leechers', 'added', 'inside'])
    .optional()
    .meta({ description: 'default: rank; rank and name ascend, the others descend' }),
  reverse: z.enum(['true', 'false']).optional(),
});
type TorrentsQuery = z.output<typeof torrentsQuery>;

export interface CatalogueView {
  torrents(query: TorrentsQuery): Promise<{ readonly total: number; readonly torrents: readonly Document[] }>;
  /** @throws ClientError `not-found` */
  torrent(infoHash: InfoHash): Document;
  log(query: LogQuery): readonly LogEntry[];
  decisions(): readonly DecisionEntry[];
  /** @throws ClientError `not-found`, `unprocessable` */
  act(request: ActionRequest): ActionOutcome;
}

export function catalogueRoutes(catalogue: CatalogueView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/torrents',
      summary: 'The catalogue',
      access: 'viewer',
      query: torrentsQuery,
      answers: [{ status: 200, description: '`total` counts all.', schema: torrentsAnswer }],
      handle: async ({ query }) => ({ json: await switchedOn(catalogue, 'the catalogue').torrents(query) }),
    }),
    route({
      method: 'get',
      path: '/api/v1/catalogue/torrents/{infoHash}',
      summary: 'One torrent: where it is offered, why it has its rank, what was decided and logged',
      access: 'viewer',
      params: z.object({ infoHash }),
      answers: [{ status: 200, description: 'With its `explanation` as sentences.', schema: torrentAnswer }],
      handle: ({ params }) => ({
        json: switchedOn(catalogue, 'the catalogue').torrent(parseInfoHash(params.infoHash)),
      }),
    }),
    route({
      method: 'get',
      path: '/api/v1/catalogue/log',
      summary: 'What the mirror site has published, changed and withdrawn, the latest first',
      access: 'viewer',
      query: logQuery,
      answers: [{ status: 200, description: 'The newest entries.', schema: logAnswer }],
      handle: ({ query }) => {
        const wanted = query.infoHash === undefined ? undefined : parseInfoHash(query.infoHash);
        const entries = switchedOn(catalogue, 'the catalogue').log({ limit: query.limit, infoHash: wanted });
        return { json: { entries } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/catalogue/decisions',
      summary: 'Torrents that are pinned or denied by hand',
      access: 'viewer',
      answers: [{ status: 200, description: 'The latest first.', schema: decisionsAnswer }],
      handle: () => ({ json: { decisions: switchedOn(catalogue, 'the catalogue').decisions() } }),
    }),
    route({
      method: 'post',
      path: '/api/v1/catalogue/actions',
      summary: 'Pins, unpins, removes, denies, allows or fetches a torrent again',
      access: 'operator',
      audit: { action: 'catalogue', subject: ({ body }) => `${body.action} ${body.infoHash.toLowerCase()}` },
      body: actionBody,
      answers: [
        { status: 200, description: '`result` says what is different now.', schema: actionAnswer },
        { status: 404, description: 'The catalogue does not have this torrent, or nobody has made this decision.' },
        { status: 422, description: 'It contradicts another decision.' },
      ],
      handle: ({ body, principal }) => {
        const request = { ...body, infoHash: parseInfoHash(body.infoHash), actor: principal!.name };
        return { json: switchedOn(catalogue, 'the catalogue').act(request) };
      },
    }),
  ];
}

const torrent = z.strictObject({
  infoHash: lowerCaseInfoHash,
  hybridInfoHash: lowerCaseInfoHash.optional(),
  infoHashV2: z.string().optional(),
  name: z.string(),
  title: z.string().optional(),
  category: z.string().optional(),
  kind: z.enum(TORRENT_KINDS).optional(),
  publishedMs: z.int().optional(),
  totalBytes: count.optional(),
  pieceBytes: count.optional(),
  fileCount: count,
  magnet: z.string().optional(),
  source: z.string(),
  pageUrl: z.string().optional(),
  torrentUrl: z.string().optional(),
  seeds: count.optional(),
  leechers: count.optional(),
  completed: count.optional().meta({ description: 'downloads, as its sites count them' }),
  score: z.number(),
  rank: z.int().optional(),
  firstSeenMs: z.int(),
  lastSeenMs: z.int(),
  fetchedMs: z.int(),
  inside: z
    .strictObject({ seeds: count, leechers: count, bps: count.optional() })
    .meta({ description: 'peers inside the network, as last stored' }),
});
export type CatalogueTorrent = z.output<typeof torrent>;
export const torrentsAnswer = z.strictObject({ total: count, torrents: z.array(torrent) });
/** A torrent that was removed, or never published, has no more than its info-hash and why. */
export const torrentAnswer = z
  .looseObject(torrent.partial().shape)
  .extend({ infoHash: lowerCaseInfoHash, explanation: z.array(z.string()) });

const MAX_REASON_CHARACTERS = 500;
const MAX_LOG_ENTRIES = 1_000;

const logQuery = z.object({
  infoHash: infoHash.optional(),
  limit: queryCount(MAX_LOG_ENTRIES).default(100),
});
export const logAnswer = z.strictObject({
  entries: z.array(
    z.strictObject({
      atMs: z.int(),
      infoHash: lowerCaseInfoHash,
      name: z.string(),
      action: z.string(),
      actor: z.string(),
      source: z.string().optional(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type CatalogueLogEntry = z.output<typeof logAnswer>['entries'][number];
const decisionsAnswer = z.strictObject({
  decisions: z.array(
    z.strictObject({
      infoHash: lowerCaseInfoHash,
      decision: z.enum(['pin', 'deny']),
      reason: z.string().optional(),
      actor: z.string(),
      atMs: z.int(),
    }),
  ),
});
const actionBody = z
  .strictObject({
    action: z.enum(CATALOGUE_ACTIONS),
    infoHash,
    reason: z.string().min(1).max(MAX_REASON_CHARACTERS).optional(),
  })
  .meta({ title: 'CatalogueAction' });
const actionAnswer = z.strictObject({
  infoHash: lowerCaseInfoHash,
  name: z.string(),
  action: z.enum(CATALOGUE_ACTIONS),
  result: z.string(),
});
