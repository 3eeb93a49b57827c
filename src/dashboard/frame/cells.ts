/**
 * Cells: the places of a page whose text or attributes change while it is open. The templates mark them; the stream of
 * updates finds them again in the rendered page, so that each is described once.
 */
import { html, type Insertable, Markup } from '../../markup/markup.js';

type Attributes = Readonly<Record<string, string | number | undefined>>;
type Tag = 'td' | 'span' | 'b' | 'p' | 'meter' | 'path' | 'rect' | 'strong';

/** An element whose text and attributes follow the server. @param id unique on its page */
export function cell(tag: Tag, id: string, text: string | number, attributes: Attributes = {}): Markup {
  const name = new Markup(tag);
  return html`<${name} data-cell="${id}"${attributeList(attributes)}>${text}</${name}>`;
}

function attributeList(attributes: Attributes): Insertable[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [html` ${new Markup(name)}="${value}"`],
  );
}

/** The start tag of a row of a list that comes and goes. Its key is unique in its list. */
export function rowStart(list: string, key: string): Markup {
  return html`<tr data-list="${list}" data-row="${key}">`;
}

export interface CellState {
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PageState {
  readonly cells: ReadonlyMap<string, CellState>;
  /** The keys of the rows of each list, in the order of the page. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** What {@link cell} wrote: inserted values are escaped, so they contain no `<`, `>` or `"`. */
const CELL = /<[a-z]+ data-cell="([^"]*)"([^>]*)>([^<]*)</g;
const ROW = /<tr data-list="([^"]*)" data-row="([^"]*)">/g;
const ATTRIBUTE = / ([a-z-]+)="([^"]*)"/g;

/** The cells and rows of a rendered page. */
export function stateOf({ text: page }: Markup): PageState {
  const cells = new Map<string, CellState>();
  for (const [, id, attributes, text] of page.matchAll(CELL)) {
    const pairs = [...attributes!.matchAll(ATTRIBUTE)].map(
      ([, name, value]) => [name!, unescapeMarkup(value!)] as const,
    );
    cells.set(unescapeMarkup(id!), { text: unescapeMarkup(text!), attributes: Object.fromEntries(pairs) });
  }
  const lists = new Map<string, string[]>();
  for (const [, list, key] of page.matchAll(ROW)) {
    const name = unescapeMarkup(list!);
    lists.set(name, [...(lists.get(name) ?? []), unescapeMarkup(key!)]);
  }
  return { cells, lists };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function unescapeMarkup(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
}
