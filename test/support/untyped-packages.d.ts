/** The packages of the tests that come without types, as far as the tests use them. */
declare module 'bencode' {
  const bencode: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array, encoding?: string): unknown };
  export default bencode;
}

declare module 'parse-torrent' {
  export interface ParsedTorrent {
    infoHash: string;
    name?: string;
    announce?: string[];
    urlList?: string[];
    private?: boolean;
    length?: number;
    pieceLength?: number;
    files?: { path: string; name: string; length: number }[];
  }
  export default function parseTorrent(torrent: string | Uint8Array): Promise<ParsedTorrent>;
  export function toMagnetURI(torrent: ParsedTorrent): string;
}

declare module 'webtorrent-fixtures' {
  interface Fixture {
    contentPath: string;
    torrentPath: string;
    content: Uint8Array;
    torrent: Uint8Array;
    parsedTorrent: import('parse-torrent').ParsedTorrent;
    magnetURI: string;
  }
  const fixtures: Record<
    'leaves' | 'leavesMetadata' | 'alice' | 'folder' | 'numbers' | 'lotsOfNumbers' | 'bunny' | 'sintel',
    Fixture
  >;
  export default fixtures;
}
