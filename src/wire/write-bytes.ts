/**
 * Writes text and numbers into bytes, for bencoded answers and HTTP heads. Each function returns the offset after what
 * it wrote. The caller provides the room.
 */

/** Bytes of an ASCII text, for constants that are written often. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

export function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
  return at + bytes.length;
}

export function copyBytes(out: Uint8Array, at: number, from: Uint8Array, start: number, length: number): number {
  for (let i = 0; i < length; i++) out[at + i] = from[start + i]!;
  return at + length;
}

/**
 * A constant text as big-endian words, written with a quarter of the stores. Up to three bytes after the text are
 * overwritten, so something else must be written there afterwards.
 */
export class FixedText {
  readonly length: number;
  readonly words: Int32Array;

  constructor(text: string) {
    this.length = text.length;
    const padded = new DataView(new ArrayBuffer((text.length + 3) & ~3));
    for (let i = 0; i < text.length; i++) padded.setUint8(i, text.charCodeAt(i));
    this.words = Int32Array.from({ length: padded.byteLength / 4 }, (_, i) => padded.getInt32(4 * i));
  }
}

let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);
let viewedBefore = viewed;
let viewBefore = view;

/** A view of the same bytes. Caches the last two views, usually those of the request and answer buffers. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes === viewed) return view;
  const found = bytes === viewedBefore ? viewBefore : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  viewedBefore = viewed;
  viewBefore = view;
  viewed = bytes;
  view = found;
  return found;
}

/** @param out {@link viewOf} of the bytes */
export function writeFixed(out: DataView, at: number, text: FixedText): number {
  const words = text.words;
  for (let i = 0; i < words.length; i++) out.setInt32(at + 4 * i, words[i]!);
  return at + text.length;
}

export function decimalDigits(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  let digits = 5;
  for (let rest = Math.floor(value / 10_000); rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** @param value a non-negative integer below 2^53 */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  const end = at + decimalDigits(value);
  if (value < 1_000_000_000) {
    // Division of small integers compiles to a multiplication.
    let small = value | 0;
    for (let i = end - 1; i >= at; i--) {
      const next = (small / 10) | 0;
      out[i] = 0x30 + small - next * 10;
      small = next;
    }
    return end;
  }
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    out[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return end;
}

/** Dotted quads. */
export function writeIpv4Text(out: Uint8Array, at: number, bytes: Uint8Array, start: number): number {
  let end = writeDecimal(out, at, bytes[start]!);
  for (let i = 1; i < 4; i++) {
    out[end++] = 0x2e;
    end = writeDecimal(out, end, bytes[start + i]!);
  }
  return end;
}

/** Eight hexadecimal groups, never shortened: valid and unambiguous (RFC 4291 section 2.2, 1). */
export function writeIpv6Text(out: Uint8Array, at: number, bytes: Uint8Array, start: number): number {
  let end = at;
  for (let group = 0; group < 8; group++) {
    if (group > 0) out[end++] = 0x3a;
    const value = (bytes[start + 2 * group]! << 8) | bytes[start + 2 * group + 1]!;
    let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0;
    for (; shift >= 0; shift -= 4) {
      const digit = (value >>> shift) & 15;
      out[end++] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    }
  }
  return end;
}
