/** The sources of the crawler as the configuration writes them: what all have in common, and what each kind adds. */
import { z } from 'zod';
import { listenUrl, urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import {
  filePath,
  filePattern,
  flag,
  identifier,
  numberFrom,
  prefix,
  section,
  text,
  token,
  wholeNumber,
} from '../config-kit/field-schemas.js';
import { LOG_FORMATS } from './access-log/log-line.js';
import { headerFields } from './source-headers.js';
import { pathProblem } from './sources/field-path.js';
import { parseAnyInfoHash } from './sources/field-values.js';

const selector = z.string({ error: 'expected a CSS selector' }).min(1, { error: 'expected a CSS selector' });
const webUrl = urlOf('http', 'https');

/** Keys that every kind of source has. */
const sourceBase = {
  name: identifier,
  /** How much its demand counts beside that of other sources. */
  weight: numberFrom(0.01, 100).optional(),
  /** Of all its torrents, where it states none. */
  category: text.optional(),
  /** Words and info-hashes: the crawler skips torrents with one of them in the title, the category or the name. */
  block: z.array(text).optional(),
  /** In place of `crawler.keepOriginalTrackers`. */
  keepOriginalTrackers: flag.optional(),
};

/** Keys of a source that is fetched from a site. */
const siteBase = {
  ...sourceBase,
  url: webUrl,
  /** Sent to the site of `url` alone, such as a cookie or an API key. */
  headers: headerFields.optional(),
  /** Added to the query of `url`, such as an API key. */
  query: z.record(z.string(), z.string({ error: 'expected the value of a query parameter' })).optional(),
  /** The site of `url` may be at a private address. */
  allowPrivate: flag.optional(),
};

/** Keys of a source whose list may have several pages: those of a `url` with `{page}`, or by `nextPage`. */
const pagedBase = {
  ...siteBase,
  maxPages: wholeNumber(1, 1_000).optional(),
  firstPage: wholeNumber(0, 1_000_000).optional(),
};

/** The fields of an item; each says how it is found. */
function fieldsOf<Field extends z.ZodType>(field: Field) {
  const optional = field.optional();
  return {
    title: optional,
    link: optional,
    magnet: optional,
    infoHash: optional,
    seeds: optional,
    leechers: optional,
    downloads: optional,
    size: optional,
    categoryField: optional,
    published: optional,
  };
}

const fieldPath = z.string({ error: 'expected a path, e.g. "attributes.name"' }).check((context) => {
  const problem = pathProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
});
/** As a line of a plain list. */
const torrentReference = text.refine(
  (value) => /^(?:https?:\/\/|magnet:\?)/i.test(value) || parseAnyInfoHash(value) !== undefined,
  { error: 'expected the address of a torrent file, a magnet link or an info-hash' },
);
const column = z.string({ error: 'expected the name of a column' }).min(1, { error: 'expected the name of a column' });

/** The page about each torrent, where a list has no link to the torrent itself. */
const details = section({ ...fieldsOf(selector), maxPages: wholeNumber(1, 10_000).prefault(100) }).optional();
const withPage = <Field extends z.ZodType>(field: Field) => ({ ...fieldsOf(field), page: field.optional(), details });

export const sourceSection = z.discriminatedUnion(
  'type',
  [
    section({ ...pagedBase, type: z.literal('feed'), details }),
    section({
      ...pagedBase,
      type: z.literal('html'),
      item: selector,
      nextPage: selector.optional(),
      ...withPage(selector),
    }),
    section({
      ...pagedBase,
      type: z.literal('json'),
      items: fieldPath,
      nextPage: fieldPath.optional(),
      ...withPage(fieldPath),
    }),
    section({ ...pagedBase, type: z.literal('csv'), ...withPage(column) }),
    section({
      ...siteBase,
      type: z.literal('sitemap'),
      torrents: text.prefault('*.torrent'),
      torrentPages: text.optional(),
      sitemaps: text.prefault('*'),
      details,
    }),
    section({ ...siteBase, type: z.literal('list'), url: webUrl.optional(), file: filePath.optional() }).refine(
      ({ url, file }) => (url === undefined) !== (file === undefined),
      { error: 'a list has either a url or a file' },
    ),
    section({ ...sourceBase, type: z.literal('push'), token }),
    section({
      ...sourceBase,
      type: z.literal('pinned'),
      torrents: z.array(torrentReference).min(1, { error: 'expected at least one torrent' }),
    }),
    section({
      ...sourceBase,
      type: z.literal('access-log'),
      /** A path, in which `*` and `?` stand for the logs of several caches. */
      file: filePattern.optional(),
      format: z.enum(LOG_FORMATS, { error: `expected one of ${LOG_FORMATS.join(', ')}` }).optional(),
      /** Where lines are received over UDP, as Squid and syslog send them. */
      listen: listenUrl('udp').optional(),
      /** Who may send them; default: this machine. */
      from: z.array(prefix).optional(),
      /** The site of lines that have a path only. */
      host: text.optional(),
      /** Where JSON lines have what is needed; the usual names need no configuration. */
      fields: section({
        time: fieldPath.optional(),
        method: fieldPath.optional(),
        url: fieldPath.optional(),
        host: fieldPath.optional(),
        status: fieldPath.optional(),
        type: fieldPath.optional(),
      }).optional(),
    }).refine(({ file, listen }) => file !== undefined || listen !== undefined, {
      error: 'an access log has a file or a listen address, or both',
    }),
    section({ ...sourceBase, type: z.literal('announces') }),
  ],
  {
    error: 'expected "feed", "html", "json", "csv", "sitemap", "list", "pinned", "push", "access-log" or "announces"',
  },
);

export type Source = DeepReadonly<z.output<typeof sourceSection>>;
export type SourceOfType<Type extends Source['type']> = Extract<Source, { type: Type }>;
/** A source that is fetched from a site. */
export type SiteSource = Extract<Source, { url: string }>;
/** A source whose items may lead to pages. */
export type DetailsSource = Extract<Source, { details?: object | undefined }>;
