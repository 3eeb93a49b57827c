/** What people write into the search box of a catalogue, and what costs a search most. */
import type { CatalogueQuery } from '../../src/store/sqlite/catalogue-search.js';

const best = (text: string, more: CatalogueQuery = {}): CatalogueQuery => ({ text, sort: 'best', ...more });

export const QUERIES: readonly CatalogueQuery[] = [
  // The front page, and lists without a text.
  best(''),
  best('', { page: 40 }),
  best('', { page: 2_000 }),
  best('', { site: 'tracker.example' }),
  best('', { site: 'tracker.example', page: 200 }),
  best('', { site: 'nobody.example' }),
  best('', { category: 'Movies', sort: 'added' }),
  best('', { minBytes: 1e9, maxBytes: 10e9, seededInside: true, category: 'TV' }),
  best('', { sort: 'name', page: 1_000, reverse: true }),
  best('', { sort: 'inside' }),
  best('', { sort: 'leechers', seededInside: true }),
  // Words that one in two, one in ten, one in a hundred has, and none.
  best('linux'),
  best('the'),
  best('1080p'),
  best('mkv', { page: 20 }),
  best('x264 1080p'),
  best('flac 2019'),
  best('edition', { sort: 'size' }),
  best('season live', { page: 3 }),
  best('ubuntu desktop amd64'),
  best('qqqqq'),
  best('banana'),
  best('the linux collection complete', { sort: 'added' }),
  // Phrases, exclusions, diacritics, other scripts.
  best('"the of the"'),
  best('"complete edition"'),
  best('linux -iso'),
  best('-linux'),
  best('-e'),
  best('-mkv -mp4 -flac -iso -epub -srt -nfo -jpg'),
  best('ubermensch'),
  best('Война'),
  best('東京'),
  best('侍'),
  // Short words, single letters, parts of words that all have.
  best('of'),
  best('zq'),
  best('xe'),
  best('e'),
  best('a b c d e f g h'),
  best('ing'),
  best('ion ent'),
  best('in on of is', { page: 10 }),
  // Misspelt, pasted, long.
  best('colection'),
  best('collectoin seasno editoin compelte lvie linxu'),
  best('saquitionmentx'),
  best('da39a3'),
  best(`${'the '.repeat(40)}end`),
  best(`"${'ing the linux live and of in is '.repeat(3)}"`),
  best('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
  // Common texts with filters that few fit.
  best('the', { category: 'Books', site: 'anime.example', seededInside: true }),
  best('linux', { site: 'nobody.example' }),
  best('1080p', { minBytes: 50e9, sort: 'name' }),
];
