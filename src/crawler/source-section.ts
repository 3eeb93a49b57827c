/** The sources of the crawler as the configuration writes them: what all have in common, and what each kind adds. */
import { z } from 'zod';
import { urlOf } from '../config-kit/address-schemas.js';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { filePath, flag, identifier, numberFrom, section, text } from '../config-kit/field-schemas.js';
import { headerFields } from './source-headers.js';

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
  /** The site of `url` may be at a private address. */
  allowPrivate: flag.optional(),
};

export const sourceSection = z.discriminatedUnion(
  'type',
  [
    section({ ...siteBase, type: z.literal('feed') }),
    section({
      ...siteBase,
      type: z.literal('html'),
      item: selector,
      link: selector,
      title: selector.optional(),
      page: selector.optional(),
      seeds: selector.optional(),
      leechers: selector.optional(),
    }),
    section({ ...sourceBase, type: z.literal('access-log'), file: filePath }),
    section({ ...sourceBase, type: z.literal('announces') }),
  ],
  { error: 'expected "feed", "html", "access-log" or "announces"' },
);

export type Source = DeepReadonly<z.output<typeof sourceSection>>;
export type SourceOfType<Type extends Source['type']> = Extract<Source, { type: Type }>;
/** A source that is fetched from a site. */
export type SiteSource = Extract<Source, { url: string }>;
