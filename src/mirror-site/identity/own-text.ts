/**
 * The operator's own text on the help and privacy pages, from a file: paragraphs, headings and lists as in Markdown, links as
 * `[text](address)` or bare. Everything else, HTML too, is shown as it is written.
 */
import { readFile, stat } from 'node:fs/promises';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { html, type Insertable, type Markup } from '../../markup/markup.js';

/** Longer texts belong on a page of their own. */
const MAX_TEXT_BYTES = 64 * 1024;
const LINK =
  /\[([^\]\n]{1,500})\]\(((?:https?:\/\/|mailto:|\/)[^\s()<>]{1,2000})\)|(https?:\/\/[^\s<>"()]{1,2000}[^\s<>"().,;:!?])/gi;

/** @throws OperatorError that says what to do */
export async function readOwnText(file: string): Promise<Markup> {
  try {
    const { size } = await stat(file);
    if (size > MAX_TEXT_BYTES) {
      throw new OperatorError(`${file} has ${size} bytes; shorten it to ${MAX_TEXT_BYTES}, or link to a longer text`);
    }
    return ownText(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)));
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    if (thrown instanceof TypeError) throw new OperatorError(`${file} is not text in UTF-8; save it as UTF-8`);
    throw new OperatorError(`cannot read ${file}: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

export function ownText(text: string): Markup {
  const blocks = text
    .replaceAll('\r\n', '\n')
    // A heading ends what is before it and begins nothing but itself.
    .replace(/^(#{1,6} .*)$/gm, '\n$1\n')
    .split(/\n[ \t]*\n/)
    .filter((block) => block.trim() !== '');
  return html`${blocks.map(block)}`;
}

function block(text: string): Markup {
  const lines = text.trim().split('\n');
  const [, marks, title] = /^(#{1,6}) (.*)$/.exec(lines[0]!) ?? [];
  // The page has the only heading of the first level.
  if (marks !== undefined)
    return marks.length === 1 ? html`<h2>${inline(title!)}</h2>\n` : html`<h3>${inline(title!)}</h3>\n`;
  if (lines.every((line) => /^[-*] /.test(line))) {
    return html`<ul>${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>\n`;
  }
  return html`<p>${inline(lines.join('\n'))}</p>\n`;
}

function inline(text: string): Insertable[] {
  const parts: Insertable[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const [whole, label, address, bare] = match;
    const href = address ?? bare!;
    parts.push(text.slice(at, match.index), html`<a href="${href}">${label ?? href}</a>`);
    at = match.index + whole.length;
  }
  return [...parts, text.slice(at)];
}
