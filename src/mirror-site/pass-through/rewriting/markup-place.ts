/**
 * Where in a page a byte is: in text, in an attribute's value, in a script, in a comment. It follows the tokenizer of the
 * HTML standard (section 13.2.5) as far as links need, and keeps a few words of state whatever the page holds. It reads
 * bytes, so every charset that extends ASCII will do. Tree building, and escapes in scripts, are deliberately left out.
 */

/** `other`: within a tag, a comment or a declaration, but not in a value. */
export type Place = 'text' | 'value' | 'raw' | 'other';

const TEXT = 0;
const TAG_OPEN = 1;
const TAG_NAME = 2;
const END_TAG = 3;
const BEFORE_ATTRIBUTE = 4;
const ATTRIBUTE_NAME = 5;
const AFTER_ATTRIBUTE_NAME = 6;
const BEFORE_VALUE = 7;
const VALUE_QUOTED = 8;
const VALUE_UNQUOTED = 9;
const DECLARATION = 10;
const COMMENT = 11;
const BOGUS = 12;
const RAW = 13;
const CDATA = 14;

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const DASH = 0x2d;

/** Longer names are none of those that matter. */
const MAX_NAME = 12;
/** Elements whose content is not markup. */
const RAW_ELEMENTS = ['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'] as const;
/** Elements whose `value` a form sends back. */
const FORM_ELEMENTS = ['input', 'option', 'button', 'param'] as const;

/** A name in lower case as its first bytes: a string for each name of a page would be most of the work. */
class ShortName {
  readonly #bytes = new Uint8Array(MAX_NAME);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  add(byte: number): void {
    if (this.#length < MAX_NAME) this.#bytes[this.#length++] = lower(byte);
  }

  /** @param name shorter than {@link MAX_NAME} */
  is(name: string): boolean {
    if (this.#length !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#bytes[i] !== name.charCodeAt(i)) return false;
    return true;
  }
}

export class MarkupPlace {
  readonly #isXml: boolean;
  #state = TEXT;
  /** Of the open tag; empty for a tag that ends an element. */
  readonly #tag = new ShortName();
  readonly #attribute = new ShortName();
  #isReadOnly = false;
  #quote = 0;
  /** Of the element whose content is not markup. */
  #raw = '';
  /** How much of an end (`</script`, `-->`, `]]>`) the last bytes match. */
  #matched = 0;
  /** Bytes since the beginning of a comment or declaration, up to 8. */
  #opened = '';
  #isBehindBody = false;

  constructor(kind: 'html' | 'xml') {
    this.#isXml = kind === 'xml';
  }

  get place(): Place {
    const state = this.#state;
    if (state === TEXT || state === CDATA) return 'text';
    if (state === VALUE_QUOTED || state === VALUE_UNQUOTED || state === BEFORE_VALUE) return 'value';
    return state === RAW ? 'raw' : 'other';
  }

  /** The quote that ends the current value; 0 for a value without one. */
  get quote(): number {
    return this.#state === VALUE_QUOTED ? this.#quote : 0;
  }

  /** True where a form sends the content back, so that a change would be stored by the original. */
  get isFormContent(): boolean {
    if (this.#state === RAW) return this.#raw === 'textarea';
    if (this.place !== 'value' || this.#isReadOnly || !this.#attribute.is('value')) return false;
    return FORM_ELEMENTS.some((name) => this.#tag.is(name));
  }

  /** True in the content of a script; other raw elements hold style or text. */
  get isScript(): boolean {
    return this.#state === RAW && this.#raw === 'script';
  }

  /** True just behind a tag that opens `body`. */
  get isBehindBody(): boolean {
    return this.#isBehindBody;
  }

  /**
   * Reads the bytes from `at` to `end`, or to the end of a tag that opens `body`.
   * @returns where it stopped: `end`, or just behind that tag
   */
  advance(bytes: Buffer, at: number, end: number): number {
    this.#isBehindBody = false;
    while (at < end) {
      switch (this.#state) {
        case TEXT:
          at = this.#readText(bytes, at, end);
          break;
        case VALUE_QUOTED:
          at = this.#readQuoted(bytes, at, end);
          break;
        case RAW:
          at = this.#readRaw(bytes, at, end);
          break;
        case BOGUS: {
          const close = bytes.indexOf(GREATER, at);
          if (close < 0 || close >= end) return end;
          this.#state = TEXT;
          at = close + 1;
          break;
        }
        default: {
          const byte = bytes[at++]!;
          if (this.#state === COMMENT || this.#state === CDATA) this.#readUntilEnd(byte);
          else if (this.#readInTag(byte)) {
            this.#isBehindBody = true;
            return at;
          }
        }
      }
    }
    return at;
  }

  #readText(bytes: Buffer, at: number, end: number): number {
    const open = bytes.indexOf(LESS, at);
    if (open < 0 || open >= end) return end;
    this.#state = TAG_OPEN;
    return open + 1;
  }

  #readQuoted(bytes: Buffer, at: number, end: number): number {
    const close = bytes.indexOf(this.#quote, at);
    if (close < 0 || close >= end) return end;
    this.#state = BEFORE_ATTRIBUTE;
    return close + 1;
  }

  #readRaw(bytes: Buffer, at: number, end: number): number {
    if (this.#matched === 0) {
      const open = bytes.indexOf(LESS, at);
      if (open < 0 || open >= end) return end;
      this.#matched = 1;
      return open + 1;
    }
    const wanted = `</${this.#raw}`;
    const byte = bytes[at]!;
    if (this.#matched === wanted.length) {
      this.#matched = 0;
      if (isSpace(byte) || byte === SLASH || byte === GREATER) {
        this.#startTag();
        this.#state = byte === GREATER ? TEXT : BEFORE_ATTRIBUTE;
        return at + 1;
      }
      return at;
    }
    if ((byte | 0x20) === (wanted.charCodeAt(this.#matched) | 0x20)) {
      this.#matched++;
      return at + 1;
    }
    this.#matched = 0;
    return at;
  }

  /** Of a comment or a CDATA section. */
  #readUntilEnd(byte: number): void {
    const closing = this.#state === COMMENT ? DASH : 0x5d;
    if (byte === closing) this.#matched = Math.min(2, this.#matched + 1);
    else if (byte === GREATER && this.#matched === 2) this.#toText();
    // `--!>` ends a comment, too.
    else if (!(byte === 0x21 && this.#matched === 2 && this.#state === COMMENT)) this.#matched = 0;
  }

  #toText(): void {
    this.#state = TEXT;
    this.#matched = 0;
  }

  #startTag(): void {
    this.#tag.clear();
    this.#attribute.clear();
    this.#isReadOnly = false;
  }

  /** @returns true behind a tag that opens `body` */
  #readInTag(byte: number): boolean {
    switch (this.#state) {
      case TAG_OPEN:
        this.#readTagOpen(byte);
        return false;
      case END_TAG:
        if (isLetter(byte)) {
          this.#startTag();
          this.#state = BEFORE_ATTRIBUTE;
        } else this.#state = byte === GREATER ? TEXT : BOGUS;
        return false;
      case DECLARATION:
        this.#readDeclaration(byte);
        return false;
      case BEFORE_VALUE:
        if (isSpace(byte)) return false;
        if (byte === 0x22 || byte === 0x27) {
          this.#quote = byte;
          this.#state = VALUE_QUOTED;
          return false;
        }
        if (byte === GREATER) return this.#endTag();
        this.#state = VALUE_UNQUOTED;
        return false;
      case VALUE_UNQUOTED:
        if (byte === GREATER) return this.#endTag();
        if (isSpace(byte)) this.#state = BEFORE_ATTRIBUTE;
        return false;
      default:
        return this.#readNames(byte);
    }
  }

  #readTagOpen(byte: number): void {
    if (isLetter(byte)) {
      this.#startTag();
      this.#tag.add(byte);
      this.#state = TAG_NAME;
    } else if (byte === SLASH) this.#state = END_TAG;
    else if (byte === 0x21) {
      this.#state = DECLARATION;
      this.#opened = '';
    } else if (byte === 0x3f) this.#state = BOGUS;
    else if (byte !== LESS) this.#state = TEXT;
  }

  #readDeclaration(byte: number): void {
    this.#opened += String.fromCharCode(byte);
    if (this.#opened === '--') {
      this.#state = COMMENT;
      // `<!-->` and `<!--->` are comments.
      this.#matched = 2;
      return;
    }
    if (this.#opened === '-') return;
    if (this.#isXml && '[CDATA['.startsWith(this.#opened)) {
      if (this.#opened.length === 7) {
        this.#state = CDATA;
        this.#matched = 0;
      }
      return;
    }
    this.#state = byte === GREATER ? TEXT : BOGUS;
  }

  /** Of the tag and its attributes. @returns as {@link #readInTag} */
  #readNames(byte: number): boolean {
    if (byte === GREATER) return this.#endTag();
    if (byte === SLASH) {
      this.#state = BEFORE_ATTRIBUTE;
      return false;
    }
    const isSpacing = isSpace(byte);
    if (this.#state === TAG_NAME) {
      if (isSpacing) this.#state = BEFORE_ATTRIBUTE;
      else this.#tag.add(byte);
      return false;
    }
    if (isSpacing) {
      if (this.#state === ATTRIBUTE_NAME) this.#state = AFTER_ATTRIBUTE_NAME;
      return false;
    }
    // `=` at the beginning of a name belongs to it.
    if (byte === EQUALS && this.#state !== BEFORE_ATTRIBUTE) {
      this.#state = BEFORE_VALUE;
      return false;
    }
    if (this.#state !== ATTRIBUTE_NAME) this.#attribute.clear();
    this.#state = ATTRIBUTE_NAME;
    this.#attribute.add(byte);
    if (this.#attribute.is('readonly')) this.#isReadOnly = true;
    return false;
  }

  #endTag(): boolean {
    const tag = this.#tag;
    this.#toText();
    if (this.#isXml) return false;
    const raw = RAW_ELEMENTS.find((name) => tag.is(name));
    if (raw !== undefined) {
      this.#state = RAW;
      this.#raw = raw;
    }
    return tag.is('body');
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d && byte !== 0x0b);
}

function isLetter(byte: number): boolean {
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
