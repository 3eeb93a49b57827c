/** What is done with an answer of the original: by its status and header alone, before its body arrives. */
import { type Coding, codingOf } from './rewriting/content-coding.js';
import type { DocumentKind } from './rewriting/link-rewriter.js';

/** The fields by lower-case name, as undici parses them. */
export type AnswerFields = Readonly<Record<string, string | string[] | undefined>>;

export type AnswerPlan =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'document'; readonly document: DocumentKind; readonly coding: Coding | 'none' }
  | { readonly kind: 'torrent'; readonly coding: Coding | 'none' }
  /** A torrent if its first bytes say so. */
  | { readonly kind: 'maybe-torrent' }
  /** A part of what would be rewritten: the whole is needed instead. */
  | { readonly kind: 'whole-instead' };

const AS_IS: AnswerPlan = { kind: 'as-is' };

const XML = /^(?:(?:application|text)\/(?:[\w.-]+\+)?xml)$/;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;
/** Types that forums give to files for download. */
const FILE =
  /^(?:application\/(?:octet-stream|force-download|download|x-download|x-force-download|x-unknown|unknown)|binary\/octet-stream|text\/plain)?$/;
/** `.torrent` at the end of a path or of a file's name. */
const TORRENT_NAME = /\.torrent(?:["';]|$)/i;

export function planFor(
  method: string,
  path: string,
  status: number,
  fields: AnswerFields,
  maxTorrentBytes: number,
): AnswerPlan {
  if (status === 204 || status === 304) return AS_IS;
  const coding = codingOf(one(fields['content-encoding']));
  if (coding === undefined) return AS_IS;
  const type = typeOf(fields);
  const document = documentKind(type);
  const isTorrent = type === 'application/x-bittorrent';
  if (status === 206)
    return document === undefined && !isTorrent && !isNamedTorrent(path, fields) ? AS_IS : { kind: 'whole-instead' };
  if (document !== undefined) return { kind: 'document', document, coding };
  if (status !== 200) return AS_IS;
  const length = Number(one(fields['content-length']) ?? 0);
  if (coding === 'none' && length > maxTorrentBytes) return AS_IS;
  if (isTorrent || (FILE.test(type) && isNamedTorrent(path, fields))) return { kind: 'torrent', coding };
  return FILE.test(type) && coding === 'none' && method !== 'HEAD' ? { kind: 'maybe-torrent' } : AS_IS;
}

function documentKind(type: string): DocumentKind | undefined {
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (JSON_TYPE.test(type)) return 'json';
  return XML.test(type) ? 'xml' : undefined;
}

function isNamedTorrent(path: string, fields: AnswerFields): boolean {
  return TORRENT_NAME.test(path.split('?')[0]!) || TORRENT_NAME.test(one(fields['content-disposition']) ?? '');
}

/** In lower case, without parameters; empty where the original gives none. */
function typeOf(fields: AnswerFields): string {
  return (one(fields['content-type']) ?? '').split(';')[0]!.trim().toLowerCase();
}

export function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
