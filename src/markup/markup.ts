/**
 * HTML and XML from templates that escape every inserted value, so that a torrent's name can never become markup. Only
 * markup of this program is inserted unescaped.
 */

/** Markup that is safe to insert: made by {@link html}, or a constant of this program. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Insertable = Markup | string | number | undefined | false | readonly Insertable[];

/** A template tag. Undefined and false insert nothing; lists insert their members. */
export function html(parts: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + inserted(values[i - 1]) + part));
}

function inserted(value: Insertable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(inserted).join('');
  return escapeMarkup(String(value));
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Numbers, hashes and most names: ASCII without `&`, `<`, `>` and quotes. Rewriting them would take most of a page's time. */
const PLAIN = /^[ !#-%(-;=?-~]*$/;

/**
 * Also removes what XML 1.0 cannot contain, and direction overrides, with which a name could disguise its extension.
 */
export function escapeMarkup(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]|[\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, '')
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
