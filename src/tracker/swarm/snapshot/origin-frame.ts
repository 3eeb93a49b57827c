/**
 * The frame of a snapshot that says who named the imported peers: their records hold numbers only.
 *
 *   mark | 6 unused words | a number of peers that no torrent has | number of origins
 *   then for each: its number (16), length in bytes (16) | its text in UTF-8, filled up to whole words
 *
 * It is the last frame: an older program, which takes it for a torrent, has restored all torrents by then.
 */
import { MAX_ORIGIN_BYTES, MAX_ORIGINS, type NumberedOrigin } from '../memory/import-origins.js';
import { SnapshotDamagedError } from './snapshot-codec.js';

/** "ORIG". */
const MARK = 0x4f524947;
/** As many as the header of a torrent has. */
const HEADER_WORDS = 9;
/** At the place of a torrent's number of IPv4 peers: more than any frame holds. */
const NOT_A_TORRENT_WORD = 7;
const NOT_A_TORRENT = 0xffffffff;
const COUNT_WORD = 8;

export function encodeOrigins(origins: readonly NumberedOrigin[]): Uint32Array<ArrayBuffer> {
  const texts = origins.map(({ text }) => Buffer.from(text, 'utf8'));
  const words = new Uint32Array(HEADER_WORDS + texts.reduce((sum, { length }) => sum + 1 + wordsOf(length), 0));
  words[0] = MARK;
  words[NOT_A_TORRENT_WORD] = NOT_A_TORRENT;
  words[COUNT_WORD] = origins.length;
  const bytes = new Uint8Array(words.buffer);
  let at = HEADER_WORDS;
  origins.forEach(({ number }, i) => {
    const text = texts[i]!;
    words[at] = (number << 16) | text.length;
    bytes.set(text, 4 * (at + 1));
    at += 1 + wordsOf(text.length);
  });
  return words;
}

export function isOriginFrame(frame: Uint32Array): boolean {
  return frame.length >= HEADER_WORDS && frame[0] === MARK && frame[NOT_A_TORRENT_WORD] === NOT_A_TORRENT;
}

/** @throws SnapshotDamagedError */
export function decodeOrigins(frame: Uint32Array): NumberedOrigin[] {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const origins: NumberedOrigin[] = [];
  let at = HEADER_WORDS;
  for (let left = frame[COUNT_WORD]!; left > 0; left--) {
    if (at >= frame.length) throw damaged();
    const number = frame[at]! >>> 16;
    const length = frame[at]! & 0xffff;
    const end = at + 1 + wordsOf(length);
    if (number === 0 || number > MAX_ORIGINS || length === 0 || length > MAX_ORIGIN_BYTES || end > frame.length) {
      throw damaged();
    }
    origins.push({ number, text: bytes.toString('utf8', 4 * (at + 1), 4 * (at + 1) + length) });
    at = end;
  }
  return origins;
}

function wordsOf(bytes: number): number {
  return Math.ceil(bytes / 4);
}

function damaged(): SnapshotDamagedError {
  return new SnapshotDamagedError('the origins of imported peers in the snapshot are damaged');
}
