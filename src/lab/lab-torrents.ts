/**
 * The torrents of the lab: real ones from the npm package webtorrent-fixtures (public domain and Creative Commons),
 * with the lab's original tracker. The popularity that the original site shows for them is invented.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMetainfo } from '../wire/metainfo.js';
import { rewriteTorrent } from '../wire/metainfo-rewrite.js';

export interface LabTorrent {
  /** The file's name on the original site, without `.torrent`. */
  readonly name: string;
  readonly title: string;
  /** As the original site shows it; undefined: it shows none, and the crawler has to scrape. */
  readonly popularity: { readonly seeds: number; readonly leechers: number } | undefined;
  /** The served file: with the original tracker's URLs, or unchanged if it cannot be a public torrent. */
  readonly bytes: Uint8Array;
  /** Undefined for the one that is not a torrent. */
  readonly infoHash: string | undefined;
  /** The shared files concatenated, if the package has them; otherwise they are a multi-gigabyte film. */
  readonly content: (() => Uint8Array) | undefined;
}

interface Entry {
  readonly name: string;
  readonly title: string;
  readonly popularity?: { readonly seeds: number; readonly leechers: number };
  /** File or directory of the content; the torrent names the files in a directory. */
  readonly content?: string;
}

/** Some are unusable, as on any site: one is private (BEP 27) and one is broken. */
const ENTRIES: readonly Entry[] = [
  { name: 'sintel', title: 'Sintel (2010, 4K)', popularity: { seeds: 1_840, leechers: 610 } },
  {
    name: 'alice',
    title: 'Alice’s Adventures in Wonderland',
    popularity: { seeds: 420, leechers: 96 },
    content: 'alice.txt',
  },
  {
    name: 'leaves',
    title: 'Leaves of Grass by Walt Whitman',
    popularity: { seeds: 310, leechers: 41 },
    content: 'Leaves of Grass by Walt Whitman.epub',
  },
  { name: 'bunny', title: 'Big Buck Bunny (private tracker)', popularity: { seeds: 250, leechers: 30 } },
  { name: 'numbers', title: 'Numbers', popularity: { seeds: 12, leechers: 4 }, content: 'numbers' },
  { name: 'lots-of-numbers', title: 'Lots of numbers', content: 'lots-of-numbers' },
  { name: 'corrupt', title: 'A broken upload', popularity: { seeds: 3, leechers: 1 } },
];

/** @param announceUrls the original tracker's */
export function loadLabTorrents(announceUrls: readonly string[]): LabTorrent[] {
  const directory = fileURLToPath(new URL('fixtures/', import.meta.resolve('webtorrent-fixtures')));
  return ENTRIES.map((entry): LabTorrent => {
    const original = readFileSync(join(directory, `${entry.name}.torrent`));
    const { bytes, infoHash, files } = withTracker(original, announceUrls);
    const path = entry.content === undefined ? undefined : join(directory, entry.content);
    return {
      name: entry.name,
      title: entry.title,
      popularity: entry.popularity,
      bytes,
      infoHash,
      content: path === undefined ? undefined : () => readContent(path, files),
    };
  });
}

interface ParsedTorrent {
  readonly bytes: Uint8Array;
  readonly infoHash: string | undefined;
  /** Paths in the torrent's directory, in the order of the torrent. */
  readonly files: readonly string[];
}

function withTracker(original: Uint8Array, announceUrls: readonly string[]): ParsedTorrent {
  try {
    const metainfo = parseMetainfo(original);
    const bytes = metainfo.private ? original : rewriteTorrent(original, { announceUrls });
    return { bytes, infoHash: metainfo.infoHash, files: metainfo.files.map((file) => file.path) };
  } catch {
    return { bytes: original, infoHash: undefined, files: [] };
  }
}

function readContent(path: string, files: readonly string[]): Uint8Array {
  if (files.length <= 1) return readFileSync(path);
  return Buffer.concat(files.map((file) => readFileSync(join(path, file))));
}
