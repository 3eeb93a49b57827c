/** CRC-32 (ISO 3309). Uses that of Node.js if there is one (20.15 and later). */
import * as zlib from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

const native: unknown = Reflect.get(zlib, 'crc32');

export function crc32(bytes: Uint8Array): number {
  return typeof native === 'function' ? Number(native(bytes)) : crc32ByTable(bytes);
}

export function crc32ByTable(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}
