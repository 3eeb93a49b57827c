/** What Sonarr, Radarr and the like ask: capabilities and searches (Torznab, an extension of the Newznab API). */
import { TORRENT_KINDS, type TorrentKind } from '../domain/torrent-kind.js';
import { html, type Markup } from '../markup/markup.js';
import type { ListedTorrent, StandardFilter } from '../store/sqlite/catalogue-search.js';
import { nameOf, type SiteView } from './layout.js';

const OTHER = 8000;
/** The first kind whose words are in what a site calls the category. */
const CATEGORIES: readonly (readonly [number, string, RegExp])[] = [
  [5000, 'TV', /\b(tv|series|serien|shows?|episodes?|anime)\b/i],
  [2000, 'Movies', /\b(movies?|films?|filme|video|cinema)\b/i],
  [3000, 'Audio', /\b(audio|music|musik|flac|mp3|sound)\b/i],
  [7000, 'Books', /\b(e?books?|bücher|comics?|magazines?|text)\b/i],
  [1000, 'Console', /\b(console|playstation|xbox|switch|wii)\b/i],
  [4000, 'PC', /\b(software|apps?|applications?|games?|spiele|linux|iso|os|pc)\b/i],
];
/** Of torrents whose site says nothing. A video may be a film or an episode: clients look at its name. */
const KINDS: Readonly<Record<TorrentKind, readonly number[]>> = {
  video: [2000, 5000],
  audio: [3000],
  document: [7000],
  software: [4000],
  image: [OTHER],
  archive: [OTHER],
  other: [OTHER],
};
const MAX_LIMIT = 200;

export interface TorznabSearch {
  readonly text: string;
  readonly categories: readonly number[];
  readonly limit: number;
  readonly offset: number;
}

/** The numbers of the nearest standard categories: by what its site calls it, else by its files. */
export function torznabCategories({ category, kind }: Pick<ListedTorrent, 'category' | 'kind'>): readonly number[] {
  const stated = statedCategory(category);
  return stated === undefined ? KINDS[kind ?? 'other'] : [stated];
}

function statedCategory(category: string | undefined): number | undefined {
  return CATEGORIES.find(([, , words]) => words.test(category ?? ''))?.[0];
}

/** The torrents that {@link torznabCategories} puts into one of these. @param names of all categories, as sites name them */
export function standardFilter(wanted: readonly number[], names: readonly string[]): StandardFilter | undefined {
  if (wanted.length === 0) return undefined;
  const isWanted = (category: number | undefined): boolean => category !== undefined && wanted.includes(category);
  return {
    categories: names.filter((name) => isWanted(statedCategory(name))),
    kinds: TORRENT_KINDS.filter((kind) => KINDS[kind].some(isWanted)),
    silent: names.filter((name) => statedCategory(name) === undefined),
  };
}

/** @returns undefined if the function is not a search */
export function readTorznabSearch(parameters: URLSearchParams): TorznabSearch | undefined {
  const text = (name: string): string => (parameters.get(name) ?? '').trim().slice(0, 200);
  const number = (name: string, otherwise: number): number =>
    /^\d{1,6}$/.test(text(name)) ? Number(text(name)) : otherwise;
  if (!['search', 'tvsearch', 'movie', 'music', 'book'].includes(text('t'))) return undefined;
  const twoDigits = (name: string): string => text(name).padStart(2, '0');
  const season = text('season') === '' ? '' : ` S${twoDigits('season')}`;
  const episode = season === '' || text('ep') === '' ? '' : `E${twoDigits('ep')}`;
  const categories = text('cat')
    .split(',')
    .filter((item) => /^\d{4,6}$/.test(item));
  return {
    text: (text('q') + season + episode).trim(),
    categories: categories.map((item) => Math.floor(Number(item) / 1_000) * 1_000),
    limit: Math.max(1, Math.min(number('limit', 100), MAX_LIMIT)),
    offset: number('offset', 0),
  };
}

export function torznabCapabilities(view: SiteView): Markup {
  const categories = [...CATEGORIES, [OTHER, 'Other'] as const];
  return html`<?xml version="1.0" encoding="utf-8"?>
<caps>
<server title="${nameOf(view)}"/>
<limits default="100" max="${MAX_LIMIT}"/>
<searching>
<search available="yes" supportedParams="q"/>
<tv-search available="yes" supportedParams="q,season,ep"/>
<movie-search available="yes" supportedParams="q"/>
</searching>
<categories>
${categories.map(([id, name]) => html`<category id="${id}" name="${name}"/>\n`)}</categories>
</caps>
`;
}

export function torznabError(): Markup {
  return html`<?xml version="1.0" encoding="utf-8"?>
<error code="202" description="No such function; t may be caps, search, tvsearch or movie"/>
`;
}
