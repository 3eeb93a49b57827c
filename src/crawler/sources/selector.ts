/**
 * What an operator writes for a field of a page: a CSS selector, with `@name` at its end for an attribute instead of the
 * text: `a.download@href`, `td.seeds@data-count`. `@name` alone is an attribute of the item itself.
 */
import { select } from 'cheerio-select';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { DocumentTree, TreeElement } from '../document-tree.js';
import { textOf } from '../document-tree.js';
import { MAX_FIELD_CHARACTERS } from '../limits.js';

export interface FieldSelector {
  /** Empty: the item itself. */
  readonly css: string;
  readonly attribute: string | undefined;
}

/** CSS has `@` only inside quotes, brackets and escapes, and none of these can be followed by a name alone. */
export function parseSelector(written: string): FieldSelector {
  const at = written.lastIndexOf('@');
  const name = written.slice(at + 1).trim();
  if (at < 0 || !/^[A-Za-z_][\w:.-]*$/.test(name)) return { css: written, attribute: undefined };
  return { css: written.slice(0, at).trim(), attribute: name.toLowerCase() };
}

/**
 * Matches inside an element or the page. Passing a list of the element's children gives the same result, but compares
 * each child with all others.
 * @throws OperatorError if the selector is not CSS
 */
export function matches(parent: TreeElement | DocumentTree, css: string, limit?: number): TreeElement[] {
  try {
    return select(css, parent, { context: [parent] }, limit);
  } catch (thrown) {
    throw new OperatorError(`"${css}" cannot be used as a CSS selector: ${messageOf(thrown)}`);
  }
}

/** @param byDefault the attribute that is read if the selector names none; undefined: the text */
export function valuesOf(
  parent: TreeElement | DocumentTree,
  written: string,
  byDefault?: string,
  limit?: number,
): string[] {
  const { css, attribute = byDefault } = parseSelector(written);
  const elements = css !== '' ? matches(parent, css, limit) : 'attribs' in parent ? [parent] : [];
  return elements.flatMap((element) => {
    const value = attribute === undefined ? shownText(element) : element.attribs[attribute]?.trim();
    return value === undefined || value === '' ? [] : [value.slice(0, MAX_FIELD_CHARACTERS)];
  });
}

export function shownText(element: TreeElement | undefined): string {
  return element === undefined ? '' : textOf(element, MAX_FIELD_CHARACTERS).trim().replace(/\s+/g, ' ');
}
