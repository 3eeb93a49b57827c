/**
 * Messages that exchange the description of a torrent, its `info` dictionary, between peers: the extension handshake
 * (BEP 10) and `ut_metadata` (BEP 9). A description is sent in pieces of 16 KiB.
 */
import { ClientError } from '../domain/errors.js';
import { dictionaryEntries, integerAt, isDictionary, type Span } from './metainfo-bencode.js';
import { extensionMessage, misbehaves } from './peer-stream.js';

/** The id that peers use for `ut_metadata` messages to us; any but 0. */
export const OUR_METADATA_ID = 1;
export const METADATA_PIECE_BYTES = 16_384;

/** What a peer says of itself. */
export interface ExtensionHandshake {
  /** The id for `ut_metadata` messages to it; undefined if it does not support them. */
  readonly metadataId: number | undefined;
  /** Bytes of the description; undefined while the peer does not have it. */
  readonly metadataBytes: number | undefined;
}

export type MetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  | { readonly type: 'data'; readonly piece: number; readonly data: Uint8Array }
  | { readonly type: 'reject'; readonly piece: number };

const TYPES = ['request', 'data', 'reject'] as const;

export function extensionHandshake(): Uint8Array {
  return extensionMessage(0, Buffer.from(`d1:md11:ut_metadatai${OUR_METADATA_ID}eee`));
}

/** @param id {@link ExtensionHandshake.metadataId} of the peer */
export function metadataRequest(id: number, piece: number): Uint8Array {
  return extensionMessage(id, Buffer.from(`d8:msg_typei0e5:piecei${piece}ee`));
}

/** @throws ClientError `invalid-answer` */
export function readExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  const { values } = readDictionary(payload, 0);
  const messages = values.get('m');
  const ids =
    messages === undefined || !isDictionary(payload, messages)
      ? undefined
      : readDictionary(payload, messages.start).values;
  const id = integer(payload, ids?.get('ut_metadata'));
  // BEP 10: the id 0 switches an extension off.
  const metadataId = id !== undefined && id > 0 && id < 256 ? id : undefined;
  const bytes = integer(payload, values.get('metadata_size'));
  return { metadataId, metadataBytes: bytes !== undefined && bytes > 0 ? bytes : undefined };
}

/** @returns undefined for a type that BEP 9 does not define @throws ClientError `invalid-answer` */
export function readMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  const { values, end } = readDictionary(payload, 0);
  const piece = integer(payload, values.get('piece'));
  const type = TYPES[integer(payload, values.get('msg_type')) ?? -1];
  if (type === undefined) return undefined;
  if (piece === undefined || piece < 0) throw misbehaves('a metadata message without a piece');
  return type === 'data' ? { type, piece, data: payload.subarray(end) } : { type, piece };
}

function readDictionary(bytes: Uint8Array, start: number): { values: Map<string, Span>; end: number } {
  try {
    const { entries, end } = dictionaryEntries(bytes, start);
    return { values: new Map(entries.map(({ key, value }) => [key, value])), end };
  } catch (thrown) {
    if (thrown instanceof ClientError) throw misbehaves(`an extension message that is ${thrown.message}`);
    throw thrown;
  }
}

function integer(bytes: Uint8Array, span: Span | undefined): number | undefined {
  return span === undefined ? undefined : integerAt(bytes, span);
}
