/**
 * Text and numbers straight into bytes, each function returning the offset behind what it wrote: what bencoded answers
 * and HTTP heads are put together from. The caller provides the room.
 */

/** Bytes of an ASCII text, made once and written often. */
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

export function decimalDigits(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** @param value a non-negative integer below 2^53 */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  const end = at + decimalDigits(value);
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

/** Eight groups in hexadecimal, never shortened: valid, and of no ambiguity (RFC 4291 section 2.2, 1). */
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
