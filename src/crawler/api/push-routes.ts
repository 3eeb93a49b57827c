/** The call by which a cooperating site pushes its torrents, their popularity, and what it withdraws. */
import { z } from 'zod';
import { count, infoHash } from '../../control-api/field-schemas.js';
import { Problem } from '../../control-api/problem.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { parseInfoHash } from '../../domain/info-hash.js';
import { hasUrlSecrets } from '../../domain/mask-url-secrets.js';
import { MAX_URL_CHARACTERS } from '../../net/limits.js';
import { MAX_MAGNET_CHARACTERS } from '../../wire/metainfo-limits.js';
import {
  MAX_CATEGORY_BYTES,
  MAX_SWARM_COUNT,
  MAX_TITLE_BYTES,
  MAX_TORRENT_URLS,
  MAX_TORRENTS_PER_PUSH,
} from '../limits.js';
import { usableMagnet, webUrl } from '../link.js';
import type { CataloguePush, PushedCandidate, PushResult } from '../pushed-torrents.js';

export interface PushView {
  /** @param source the name of the site @throws ClientError `unprocessable` */
  push(source: string, push: CataloguePush): PushResult;
}

const url = z
  .string()
  .max(MAX_URL_CHARACTERS)
  .refine((text) => URL.canParse(text) && webUrl(text, text) !== undefined, {
    error: 'expected a URL with http or https',
  })
  .refine((text) => !hasUrlSecrets(text), { error: 'the URL holds a personal key, which would be published' });
const bounded = (maxBytes: number) =>
  z.string().refine((text) => Buffer.byteLength(text) <= maxBytes, { error: `at most ${maxBytes} bytes` });
const swarm = z.int().min(0).max(MAX_SWARM_COUNT);

const pushed = z
  .strictObject({
    infoHash,
    title: bounded(MAX_TITLE_BYTES).optional(),
    torrentUrl: url.optional(),
    torrentUrls: z.array(url).max(MAX_TORRENT_URLS).optional(),
    magnet: z
      .string()
      .max(MAX_MAGNET_CHARACTERS)
      .refine((text) => usableMagnet(text), { error: 'expected a magnet link' })
      .refine((text) => !hasUrlSecrets(text), { error: 'the link holds a personal key, which would be published' })
      .optional(),
    pageUrl: url.optional(),
    seeds: swarm.optional(),
    leechers: swarm.optional(),
    downloads: count.optional(),
    category: bounded(MAX_CATEGORY_BYTES).optional(),
    bytes: count.optional(),
    published: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ torrentUrl, torrentUrls = [], magnet }) => torrentUrl ?? torrentUrls[0] ?? magnet, {
    error: 'give a torrentUrl or a magnet link',
  });

const pushBody = z
  .strictObject({
    torrents: z.array(pushed).max(MAX_TORRENTS_PER_PUSH).default([]),
    withdraw: z.array(infoHash).max(MAX_TORRENTS_PER_PUSH).default([]),
  })
  .meta({ title: 'CataloguePush' });
const pushAnswer = z.strictObject({ accepted: count, withdrawn: count, total: count });

export function pushRoutes(view: PushView | undefined): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/catalogue/torrents',
      summary: 'Torrents that a cooperating site offers or withdraws; repeating it changes nothing',
      access: 'site',
      body: pushBody,
      answers: [
        { status: 202, description: '`total` counts the torrents of the site that are known now.', schema: pushAnswer },
        { status: 422, description: 'The site has too many torrents: nothing is taken.' },
      ],
      handle: ({ body, principal }) => {
        // An operator's token opens every call, but names no source.
        if (principal?.kind !== 'site') throw new Problem('forbidden', 'use the token of a source of the type push');
        const push = { torrents: body.torrents.map(candidateOf), withdraw: body.withdraw.map(parseInfoHash) };
        return { status: 202, json: switchedOn(view, 'the catalogue').push(principal.name, push) };
      },
    }),
  ];
}

function candidateOf(torrent: z.output<typeof pushed>): PushedCandidate {
  const { infoHash: hash, torrentUrl, torrentUrls = [], published, ...rest } = torrent;
  return {
    ...rest,
    infoHash: parseInfoHash(hash),
    torrentUrls: torrentUrl === undefined ? torrentUrls : [torrentUrl, ...torrentUrls],
    publishedMs: published === undefined ? undefined : Date.parse(published),
  };
}
