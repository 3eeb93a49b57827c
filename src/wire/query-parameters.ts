/**
 * Walks the query of an announce or a scrape, parameter by parameter, over bytes and without allocation. Any character
 * of a name or a value may be escaped without a change of meaning (RFC 3986 sections 2.3 and 6.2.2.2). `&` separates
 * parameters. A further `?` does too, because clients append `?info_hash=…` to an announce URL that already has a
 * query. It does not in `info_hash` and `peer_id`, whose bytes may be sent raw. `;` and `+` are literal.
 */
import { decodeQueryBytes } from './query-values.js';

export const PARAMETER_OTHER = 0;
export const PARAMETER_INFO_HASH = 1;
export const PARAMETER_PEER_ID = 2;
export const PARAMETER_PORT = 3;
export const PARAMETER_UPLOADED = 4;
export const PARAMETER_DOWNLOADED = 5;
export const PARAMETER_LEFT = 6;
export const PARAMETER_EVENT = 7;
export const PARAMETER_NUMWANT = 8;
export const PARAMETER_COMPACT = 9;
export const PARAMETER_NO_PEER_ID = 10;
export const PARAMETER_KEY = 11;
export const PARAMETER_IP = 12;

/** Indexed by the `PARAMETER_` constants. */
const NAMES = [
  '',
  'info_hash',
  'peer_id',
  'port',
  'uploaded',
  'downloaded',
  'left',
  'event',
  'numwant',
  'compact',
  'no_peer_id',
  'key',
  'ip',
].map((name) => Uint8Array.from(name, (c) => c.charCodeAt(0)));
const LONGEST_NAME = Math.max(...NAMES.map((name) => name.length));
/** The size of a whole request head, so that every escaped value fits. */
const MAX_VALUE_BYTES = 8_192;

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const QUESTION = 0x3f;

export class QueryParameters {
  /** One of the `PARAMETER_` constants. */
  name = PARAMETER_OTHER;
  /** False for a name without `=`; its value is empty. */
  hasValue = false;
  /** The value as sent, in the bytes passed to {@link begin}. */
  rawStart = 0;
  rawEnd = 0;
  /** The decoded value. `info_hash`, `peer_id` and `ip` stay as sent. */
  value: Uint8Array;
  valueStart = 0;
  valueEnd = 0;
  private readonly nameRoom = new Uint8Array(LONGEST_NAME);
  private readonly valueRoom = new Uint8Array(MAX_VALUE_BYTES);
  private bytes: Uint8Array;
  private at = 0;
  private end = 0;

  constructor() {
    this.bytes = this.nameRoom;
    this.value = this.nameRoom;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** @returns false at the end of the query */
  next(): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at;
    if (at >= end) return false;
    const nameStart = at;
    let nameIsEscaped = false;
    let byte = 0;
    for (; at < end; at++) {
      byte = bytes[at]!;
      if (byte === EQUALS || byte === AMPERSAND || byte === QUESTION) break;
      if (byte === PERCENT) nameIsEscaped = true;
    }
    this.name = nameIsEscaped ? this.escapedName(nameStart, at) : nameOf(bytes, nameStart, at);
    const isRaw = this.name === PARAMETER_INFO_HASH || this.name === PARAMETER_PEER_ID;
    let valueIsEscaped = false;
    let valueStart = at;
    this.hasValue = at < end && byte === EQUALS;
    if (this.hasValue) {
      valueStart = ++at;
      for (; at < end; at++) {
        byte = bytes[at]!;
        if (byte === AMPERSAND || (byte === QUESTION && !isRaw)) break;
        if (byte === PERCENT) valueIsEscaped = true;
      }
    }
    this.rawStart = valueStart;
    this.rawEnd = at;
    this.at = at + 1;
    this.value = bytes;
    this.valueStart = valueStart;
    this.valueEnd = at;
    if (valueIsEscaped && !isRaw && this.name !== PARAMETER_IP) this.unescapeValue();
    return true;
  }

  private escapedName(start: number, end: number): number {
    const room = this.nameRoom;
    const length = decodeQueryBytes(this.bytes, start, end, room, 0, room.length);
    return length > room.length ? PARAMETER_OTHER : nameOf(room, 0, length);
  }

  private unescapeValue(): void {
    const room = this.valueRoom;
    const length = decodeQueryBytes(this.bytes, this.rawStart, this.rawEnd, room, 0, room.length);
    if (length > room.length) return;
    this.value = room;
    this.valueStart = 0;
    this.valueEnd = length;
  }
}

function nameOf(bytes: Uint8Array, start: number, end: number): number {
  for (let name = 1; name < NAMES.length; name++) {
    const known = NAMES[name]!;
    if (known.length !== end - start) continue;
    let i = 0;
    while (i < known.length && bytes[start + i] === known[i]) i++;
    if (i === known.length) return name;
  }
  return PARAMETER_OTHER;
}
