/** Small pieces that several pages use: lists of facts, searches, and links to the pages of a long list. */
import { html, type Insertable, type Markup } from '../../markup/markup.js';
import { cell } from './cells.js';
import { link, type QueryValues } from './link.js';

/** Names with their values. A value that is text follows the server. @param id unique on its page */
export function facts(id: string, pairs: readonly (readonly [string, Insertable])[]): Markup {
  const shown = (name: string, value: Insertable): Insertable =>
    typeof value === 'string' || typeof value === 'number' ? cell('span', `${id} ${name}`, value) : value;
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${shown(name, value)}</dd>`)}</dl>`;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly isRequired?: boolean;
  /** One of these, in place of a free text. */
  readonly options?: readonly (readonly [value: string, label: string])[];
}

/** A form that only asks: its fields become the query of the page. */
export function search(path: string, fields: readonly Field[], button: string, kept: QueryValues = {}): Markup {
  const hidden = Object.entries(kept).filter(([, value]) => value !== undefined);
  return html`<form class="line" role="search" method="get" action="${path}">${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${String(value)}">`)}${fields.map(input)}<button>${button}</button></form>`;
}

function input({ name, label, value, isRequired, options }: Field): Markup {
  const control =
    options === undefined
      ? html`<input name="${name}" value="${value}"${isRequired === true ? html` required` : ''}>`
      : html`<select name="${name}">${options.map(([each, text]) => html`<option value="${each}"${each === value ? html` selected` : ''}>${text}</option>`)}</select>`;
  return html`<label><span>${label}</span>${control}</label>`;
}

/** @param pageNumber from 1 */
export function pageLinks(path: string, here: QueryValues, pageNumber: number, pages: number): Markup | '' {
  if (pages <= 1) return '';
  const to = (number: number, text: string): Markup | '' =>
    number < 1 || number > pages
      ? ''
      : html`<a href="${link(path, { ...here, page: number === 1 ? undefined : number })}">${text}</a>`;
  return html`<nav class="pages" aria-label="Pages">${to(pageNumber - 1, 'Previous')}<span>Page ${pageNumber} of ${pages}</span>${to(pageNumber + 1, 'Next')}</nav>`;
}
