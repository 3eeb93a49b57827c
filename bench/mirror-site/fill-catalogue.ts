/**
 * A catalogue of many torrents with names and file lists as sites have them: words by Zipf's law, release tags that half of
 * them share, other scripts, and lists of many files. The same for each run.
 */
import { createHash } from 'node:crypto';
import { parseInfoHash } from '../../src/domain/info-hash.js';
import { createRandom, type Random } from '../../src/domain/random.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import type { SqliteDatabase } from '../../src/store/sqlite/database.js';

const WORDS = 40_000;
const SITES = ['tracker.example', 'forum.example', 'anime.example', 'linux.example', 'archive.example'];
const CATEGORIES = ['Movies', 'TV', 'Music', 'Games', 'Software', 'Books', 'Anime', 'Other'];
const SYLLABLES =
  'an ba ca de el fo ga hi in ja ko la mu ne or pa qui ro sa te um va wi xe yo za tion ment ing er'.split(' ');
const COMMON = 'the of and linux live complete edition collection season in is on iso'.split(' ');
const TAGS = ['1080p', '720p', '2160p', 'x264', 'x265', 'WEB-DL', 'BluRay', 'FLAC', 'MP3', 'AAC', 'H.264', 'multi'];
const OTHER_SCRIPTS = [
  '東京物語',
  '進撃の巨人',
  '七人の侍',
  'Война и мир',
  'Ночной дозор',
  'Übermensch',
  'Crème brûlée',
  'الليل',
];
const EXTENSIONS = ['mkv', 'mp4', 'flac', 'iso', 'epub', 'srt', 'nfo', 'jpg'];
/** Torrents whose files are as large as usual ones; the rest are small, so that the database is made soon. */
export const LARGE_FILES = 2_000;
const LARGE_PIECES = 1_000;

function words(random: Random): string[] {
  const made = new Set<string>(COMMON);
  while (made.size < WORDS) {
    const length = 2 + random.below(3);
    made.add(Array.from({ length }, () => SYLLABLES[random.below(SYLLABLES.length)]).join(''));
  }
  return [...made];
}

export function fillCatalogue(database: SqliteDatabase, count: number): void {
  const random = createRandom(7);
  const vocabulary = words(random);
  // Zipf: the word at place n is used in proportion to 1/n.
  const word = (): string =>
    vocabulary[Math.min(vocabulary.length - 1, Math.floor(vocabulary.length ** (random.nextUint32() / 2 ** 32)) - 1)]!;
  const phrase = (length: number): string => Array.from({ length }, word).join(' ');
  const catalogue = createCatalogue(database);
  const nowMs = Date.now();
  const hashes: string[] = [];
  database.pragma('synchronous = OFF');
  catalogue.atomically(() => {
    for (let n = 0; n < count; n++) {
      const other = random.below(20) === 0 ? `${OTHER_SCRIPTS[random.below(OTHER_SCRIPTS.length)]} ` : '';
      const name = `${other}${phrase(2 + random.below(6))} ${1980 + random.below(46)} ${TAGS[random.below(TAGS.length)]} ${TAGS[random.below(TAGS.length)]}-${word().toUpperCase()}`;
      const files = Array.from({ length: random.below(3) === 0 ? 1 + random.below(60) : 1 }, (_, i) => ({
        path: `${phrase(1 + random.below(4))} ${i}.${EXTENSIONS[random.below(EXTENSIONS.length)]}`,
        bytes: 1 + random.below(1e9),
      }));
      const torrentBytes = torrentOf(name, n < LARGE_FILES ? LARGE_PIECES : 4, n);
      const infoHash = parseInfoHash(createHash('sha1').update(`${n}`).digest('hex'));
      hashes.push(infoHash);
      const site = SITES[random.below(SITES.length)]!;
      catalogue.store(
        {
          infoHash,
          hybridInfoHash: undefined,
          infoHashV2: undefined,
          name,
          category: CATEGORIES[random.below(CATEGORIES.length)],
          totalBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
          pieceBytes: 1_048_576,
          files,
          fileCount: files.length,
          trackerTiers: [['udp://tracker.example:6969/announce']],
          torrentBytes,
          magnet: undefined,
          source: 'bench',
          pageUrl: `http://${site}/view/${n}`,
          torrentUrl: `http://${site}/download/${n}.torrent`,
          seeds: random.below(5_000),
          leechers: random.below(500),
          score: count - n,
          rank: n + 1,
          origins: [
            { host: site, path: `/download/${n}.torrent`, kind: 'torrent' },
            { host: site, path: `/view/${n}`, kind: 'page' },
          ],
          offers: [{ source: 'bench', site, title: name, torrentUrl: `http://${site}/download/${n}.torrent` }],
        },
        nowMs - random.below(365 * 86_400_000),
      );
    }
    const inside = hashes.filter((_, n) => n % 10 === 0);
    catalogue.storeInsideCounts(
      new Map(inside.map((hash) => [parseInfoHash(hash), { seeds: random.below(40), leechers: random.below(9) }])),
    );
  });
  database.pragma('synchronous = FULL');
}

function torrentOf(name: string, pieces: number, n: number): Buffer {
  const bytes = Buffer.from(name);
  const hashes = Buffer.alloc(20 * pieces, n & 255);
  return Buffer.concat([
    Buffer.from(
      `d8:announce35:udp://tracker.example:6969/announce4:infod6:lengthi${pieces * 1_048_576}e4:name${bytes.length}:`,
    ),
    bytes,
    Buffer.from(`12:piece lengthi1048576e6:pieces${hashes.length}:`),
    hashes,
    Buffer.from('ee'),
  ]);
}
