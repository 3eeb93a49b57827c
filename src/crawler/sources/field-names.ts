/** The names that an operator gives to the fields of an item, and how they are read: for pages, JSON and CSV alike. */
import { counted } from '../../domain/counted.js';
import { ClientError } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import type { ItemFields } from './item-fields.js';

/** What an operator configures of each item: selectors of a page, paths of JSON, or columns of CSV. */
export interface FieldNames {
  readonly title?: string | undefined;
  /** The torrent file, or a magnet link. */
  readonly link?: string | undefined;
  readonly magnet?: string | undefined;
  readonly infoHash?: string | undefined;
  readonly page?: string | undefined;
  readonly seeds?: string | undefined;
  readonly leechers?: string | undefined;
  readonly downloads?: string | undefined;
  readonly size?: string | undefined;
  readonly categoryField?: string | undefined;
  readonly published?: string | undefined;
}

export interface ListPart {
  readonly candidates: Candidate[];
  /** The address of the next page as the page gives it; it may be relative. */
  readonly nextPage: string | undefined;
}

/** @param readerOf makes a reader of one field @returns a reader of all of an item's fields */
export function itemReader<Item>(
  fields: FieldNames,
  readerOf: (name: string) => (item: Item) => string | undefined,
): (item: Item) => ItemFields {
  const none = (): undefined => undefined;
  const of = (name: string | undefined): ((item: Item) => string | undefined) =>
    name === undefined ? none : readerOf(name);
  const [link, magnet] = [of(fields.link), of(fields.magnet)];
  const [title, infoHash, page] = [of(fields.title), of(fields.infoHash), of(fields.page)];
  const [seeds, leechers, downloads] = [of(fields.seeds), of(fields.leechers), of(fields.downloads)];
  const [size, category, published] = [of(fields.size), of(fields.categoryField), of(fields.published)];
  return (item) => ({
    title: title(item),
    links: [link(item), magnet(item)],
    infoHash: infoHash(item),
    page: page(item),
    seeds: seeds(item),
    leechers: leechers(item),
    downloads: downloads(item),
    size: size(item),
    category: category(item),
    published: published(item),
  });
}

export function nothingUsable(items: number, source: string): ClientError {
  return new ClientError(
    'invalid-document',
    `of its ${counted(items, 'item')} none has a torrent file, magnet link or info-hash; check link, magnet and infoHash of the source "${source}"`,
  );
}
