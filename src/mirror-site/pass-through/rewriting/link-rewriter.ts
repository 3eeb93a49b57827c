/**
 * Rewrites the magnet links of a page, a feed or a JSON document while it passes, and nothing else. It holds back at most
 * one link, so its memory does not depend on the document, and the result does not depend on how the document was cut into
 * chunks. A link that a form would send back stays as it is: the original would store the change.
 */
import { MAX_MAGNET_CHARACTERS } from '../../../wire/metainfo-limits.js';
import { editMagnet, type MagnetRules } from './magnet-link.js';
import { MarkupPlace } from './markup-place.js';

export type DocumentKind = 'html' | 'xml' | 'json';

export interface LinkRules extends MagnetRules {
  /** The original's `https://name`, and the `http://name` that it becomes: see scheme-bridge.ts. Lower case. */
  readonly plainOrigin?: { readonly from: string; readonly to: string } | undefined;
  /** Inserted at the beginning of the body of an HTML page. ASCII. */
  readonly banner?: string | undefined;
  /** Called for each link that was changed. */
  readonly onRewritten?: (() => void) | undefined;
}

const MAGNET = 'magnet:?';
const SEMICOLON = 0x3b;
/** Double quote, apostrophe, backtick. */
const QUOTES: ReadonlySet<number> = new Set([0x22, 0x27, 0x60]);

/** How a link ends. */
interface Ends {
  /** The bytes that end it, as a regular expression over Latin-1 text. */
  readonly pattern: RegExp;
  readonly separator: '&' | '&amp;';
}

/** In the text of a page or feed. */
const TEXT_END = /[\s<>"`[\]]/g;
const TEXT_END_OR_REFERENCE = /[\s<>"`[\]]|&(?:quot|lt|gt|apos|#3[49]|#x2[27]);/gi;
const UNQUOTED_END = /[\s>]/g;
/** A backslash ends a string within a string, unless it escapes a slash or an ampersand. */
const scriptEnd = (quote: string): RegExp => new RegExp(`[${quote}\\r\\n<]|\\\\(?!u0026|x26|/)`, 'g');
const SCRIPT_ENDS: ReadonlyMap<number, RegExp> = new Map(
  [...QUOTES].map((q) => [q, scriptEnd(String.fromCharCode(q))]),
);
const VALUE_ENDS: ReadonlyMap<number, RegExp> = new Map([
  [0x22, /["]/g],
  [0x27, /[']/g],
]);
/** A value that holds a script: `onclick="copy('magnet:?…')"`. */
const INNER_ENDS: ReadonlyMap<number, RegExp> = new Map([
  [0x22, /["'`]/g],
  [0x27, /["'`]/g],
]);
const VALUE_END_OR_REFERENCE: ReadonlyMap<number, RegExp> = new Map([
  [0x22, /["]|&(?:quot|apos|#3[49]|#x2[27]);/gi],
  [0x27, /[']|&(?:quot|apos|#3[49]|#x2[27]);/gi],
]);
/** The longest of the references and escapes above, which must be seen whole. */
const MAX_LOOKAHEAD = 6;
/** Of the buffers that hold unread bytes. Most pages without links are shorter; a longer document is read as it passes. */
const MAX_UNREAD_BYTES = 131_072;

export class LinkRewriter {
  /** At the end of what has passed, but for the unread bytes. */
  readonly #place: MarkupPlace | undefined;
  /** Passed since the last link. The place matters only at the next one, and a page without another needs no more. */
  #unread: Buffer[] | undefined;
  #unreadBytes = 0;
  readonly #rules: LinkRules;
  readonly #needle: RegExp;
  readonly #needles: readonly string[];
  #banner: Buffer | undefined;
  /** Not yet passed on; the place is that of its first byte. */
  #held: Buffer | undefined;
  /** The byte before the held ones. */
  #before = 0;
  /** No end of this kind is between the current link and there. */
  #searched: { readonly pattern: RegExp; readonly until: number } | undefined;

  constructor(kind: DocumentKind, rules: LinkRules) {
    this.#place = kind === 'json' ? undefined : new MarkupPlace(kind);
    this.#rules = rules;
    this.#banner = kind === 'html' && rules.banner !== undefined ? Buffer.from(rules.banner, 'latin1') : undefined;
    this.#unread = this.#place !== undefined && this.#banner === undefined ? [] : undefined;
    this.#needles = rules.plainOrigin === undefined ? [MAGNET] : [MAGNET, rules.plainOrigin.from];
    this.#needle = new RegExp(this.#needles.map((each) => each.replace(/[.?]/g, '\\$&')).join('|'), 'gi');
  }

  /** @returns what can be passed on; may be empty */
  write(chunk: Buffer): Buffer[] {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    return this.#read(bytes, false);
  }

  /** @returns the rest */
  end(): Buffer[] {
    return this.#held === undefined ? [] : this.#read(this.#held, true);
  }

  #read(bytes: Buffer, isEnd: boolean): Buffer[] {
    const text = bytes.toString('latin1');
    const out: Buffer[] = [];
    let sent = 0;
    let at = 0;
    const pass = (to: number): void => {
      if (to > sent) out.push(sent === 0 && to === bytes.length ? bytes : bytes.subarray(sent, to));
      sent = to;
    };
    /** Moves the place. */
    const go = (to: number): void => {
      while (at < to) {
        at = this.#place?.advance(bytes, at, to) ?? to;
        if (this.#banner !== undefined && this.#place?.isBehindBody) {
          pass(at);
          out.push(this.#banner);
          this.#banner = undefined;
          this.#unread = [];
        }
      }
    };
    for (;;) {
      this.#needle.lastIndex = at;
      const start = this.#needle.exec(text)?.index;
      if (start === undefined) break;
      this.#catchUp();
      go(start);
      const before = start === 0 ? this.#before : bytes[start - 1]!;
      const step = this.#link(text, start, before, isEnd);
      if (step === undefined) return this.#hold(bytes, start, pass, out);
      if (step.edited !== undefined) {
        pass(start);
        out.push(Buffer.from(step.edited, 'latin1'));
        sent = step.end;
        this.#rules.onRewritten?.();
      }
      go(step.end);
    }
    const kept = isEnd ? bytes.length : bytes.length - this.#beginning(text, at);
    if (!this.#postpone(bytes, at, kept)) go(kept);
    return this.#hold(bytes, kept, pass, out);
  }

  /** @returns false if the place must follow now */
  #postpone(bytes: Buffer, from: number, to: number): boolean {
    if (this.#unread === undefined) return false;
    this.#unread.push(bytes.subarray(from, to));
    // The whole buffer stays in memory for a part of it.
    this.#unreadBytes += bytes.buffer.byteLength;
    if (this.#unreadBytes > MAX_UNREAD_BYTES) {
      this.#catchUp();
      this.#unread = undefined;
    }
    return true;
  }

  #catchUp(): void {
    if (this.#unreadBytes === 0) return;
    for (const bytes of this.#unread ?? []) {
      for (let at = 0; at < bytes.length; ) at = this.#place?.advance(bytes, at, bytes.length) ?? bytes.length;
    }
    this.#unread = [];
    this.#unreadBytes = 0;
  }

  #hold(bytes: Buffer, from: number, pass: (to: number) => void, out: Buffer[]): Buffer[] {
    pass(from);
    if (from > 0) this.#before = bytes[from - 1]!;
    const { pattern, until = 0 } = this.#searched ?? {};
    this.#searched = pattern !== undefined && until > from ? { pattern, until: until - from } : undefined;
    // A copy, because the rest of the chunk need not stay in memory for it.
    this.#held = from < bytes.length ? Buffer.from(bytes.subarray(from)) : undefined;
    return out;
  }

  /** How many bytes at the end may be the beginning of a link. */
  #beginning(text: string, at: number): number {
    const tail = text.slice(Math.max(at, text.length - 300)).toLowerCase();
    let longest = 0;
    for (const needle of this.#needles) {
      for (let length = Math.min(needle.length - 1, tail.length); length > longest; length--) {
        if (needle.startsWith(tail.slice(tail.length - length))) longest = length;
      }
    }
    return longest;
  }

  /** @returns where reading goes on, and what replaces the link; undefined if its end has not arrived yet */
  #link(
    text: string,
    start: number,
    before: number,
    isEnd: boolean,
  ): { readonly end: number; readonly edited?: string } | undefined {
    if (text[start]!.toLowerCase() !== 'm') return this.#ownLink(text, start, isEnd);
    const ends = this.#ends(before);
    if (ends === undefined) return { end: start + MAGNET.length };
    const found = this.#endOf(text, start + MAGNET.length, ends.pattern, isEnd);
    if (found === undefined) return undefined;
    if (found > start + MAX_MAGNET_CHARACTERS) return { end: start + MAGNET.length };
    const edited = editMagnet(text.slice(start, found), ends.separator, this.#rules);
    return edited === undefined ? { end: found } : { end: found, edited };
  }

  /** @returns undefined if it has not arrived yet; infinity if it is too far away for a magnet link */
  #endOf(text: string, start: number, pattern: RegExp, isEnd: boolean): number | undefined {
    const limit = start + MAX_MAGNET_CHARACTERS;
    // What has been searched before is not searched again, however many links begin there.
    const known = this.#searched?.pattern === pattern ? this.#searched.until : 0;
    pattern.lastIndex = Math.max(start, known);
    const found = pattern.exec(text)?.index;
    // The last bytes may be the beginning of an escape.
    const sure = isEnd ? text.length : text.length - MAX_LOOKAHEAD;
    if (found !== undefined && (isEnd || found < sure)) {
      this.#searched = { pattern, until: found };
      return found > limit ? Number.POSITIVE_INFINITY : found;
    }
    this.#searched = { pattern, until: Math.max(0, sure) };
    if (isEnd) return text.length > limit ? Number.POSITIVE_INFINITY : text.length;
    return sure > limit ? Number.POSITIVE_INFINITY : undefined;
  }

  /** A link of the original to itself. */
  #ownLink(
    text: string,
    start: number,
    isEnd: boolean,
  ): { readonly end: number; readonly edited?: string } | undefined {
    const { from, to } = this.#rules.plainOrigin!;
    const end = start + from.length;
    if (end === text.length && !isEnd) return undefined;
    const place = this.#place?.place ?? 'raw';
    const isWhole = end === text.length || /[^\w.:@-]/.test(text[end]!);
    if (!isWhole || this.#place?.isFormContent || (place !== 'value' && place !== 'raw')) return { end };
    return { end, edited: to };
  }

  /** How a link ends that begins here; undefined if it stays as it is. */
  #ends(before: number): Ends | undefined {
    const place = this.#place;
    if (place === undefined) return before === 0x22 ? { pattern: SCRIPT_ENDS.get(before)!, separator: '&' } : undefined;
    if (place.isFormContent) return undefined;
    switch (place.place) {
      case 'text':
        return { pattern: before === SEMICOLON ? TEXT_END_OR_REFERENCE : TEXT_END, separator: '&amp;' };
      case 'value': {
        const { quote } = place;
        if (quote === 0) return { pattern: UNQUOTED_END, separator: '&amp;' };
        const ends =
          before === SEMICOLON
            ? VALUE_END_OR_REFERENCE
            : before !== quote && QUOTES.has(before)
              ? INNER_ENDS
              : VALUE_ENDS;
        return { pattern: ends.get(quote)!, separator: '&amp;' };
      }
      case 'raw': {
        const pattern = place.isScript ? SCRIPT_ENDS.get(before) : undefined;
        return pattern && { pattern, separator: '&' };
      }
      default:
        return undefined;
    }
  }
}
