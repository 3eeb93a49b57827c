/** The 20 bytes that name a torrent (BEP 3), as 40 lower-case hex digits outside the hot path. */
import { ClientError } from './errors.js';

export type InfoHash = string & { readonly __brand: 'InfoHash' };

export const INFO_HASH_BYTES = 20;

/** Accepts 40 hex digits in any case. @throws ClientError `invalid-value` */
export function parseInfoHash(text: string): InfoHash {
  if (!/^[0-9a-fA-F]{40}$/.test(text)) {
    throw new ClientError('invalid-value', `an info-hash is 40 hexadecimal digits, not "${text.slice(0, 60)}"`);
  }
  return text.toLowerCase() as InfoHash;
}

/** @param bytes at least `offset` + 20 bytes */
export function infoHashFromBytes(bytes: Uint8Array, offset = 0): InfoHash {
  if (bytes.length < offset + INFO_HASH_BYTES) throw new ClientError('invalid-value', 'an info-hash is 20 bytes');
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, INFO_HASH_BYTES).toString('hex') as InfoHash;
}

/** A fresh array of 20 bytes. */
export function infoHashToBytes(infoHash: InfoHash): Uint8Array {
  return new Uint8Array(Buffer.from(infoHash, 'hex'));
}
