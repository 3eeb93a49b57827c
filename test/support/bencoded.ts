/** Bencode as a test spells it: keys in the order that is given, even twice, and raw bytes where a value must be wrong. */
import { Buffer } from 'node:buffer';

/** Bytes that are in the file as they are. */
export class Raw {
  readonly bytes: Buffer;
  constructor(text: string | Uint8Array) {
    this.bytes = Buffer.from(text as string, 'latin1');
  }
}

export type Bencodable = string | number | Uint8Array | Raw | readonly Bencodable[] | Dictionary;

/** Keys and values in order. */
export class Dictionary {
  readonly entries: readonly (readonly [string, Bencodable])[];
  constructor(entries: readonly (readonly [string, Bencodable])[]) {
    this.entries = entries;
  }
}

export function bencoded(value: Bencodable): Buffer {
  if (value instanceof Raw) return value.bytes;
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
  }
  const parts =
    value instanceof Dictionary
      ? value.entries.flatMap(([key, each]) => [bencoded(key), bencoded(each)])
      : value.map(bencoded);
  return Buffer.concat([Buffer.from(value instanceof Dictionary ? 'd' : 'l'), ...parts, Buffer.from('e')]);
}
