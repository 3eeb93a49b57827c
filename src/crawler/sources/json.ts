/** Reads the answer of a JSON API by field paths, which the operator configures for that site (field-path.ts). */
import { ClientError } from '../../domain/errors.js';
import { BestCandidates } from './best-candidates.js';
import { type FieldNames, itemReader, type ListPart, nothingUsable } from './field-names.js';
import { fieldReader, placesAt } from './field-path.js';
import { candidateOf, type ItemContext } from './item-fields.js';

export interface JsonFields extends FieldNames {
  /** Where the items are. */
  readonly items: string;
  /** Where the address of the next page is. */
  readonly nextPage?: string | undefined;
}

/**
 * @param withPage true: an item that has only a page is a candidate too
 * @throws OperatorError for a path that is not one; ClientError `invalid-document` if the text is not JSON, if nothing is
 *   where the items are expected, or if no item leads to a torrent
 */
export function parseJsonList(text: string, fields: JsonFields, context: ItemContext, withPage: boolean): ListPart {
  const root = parseJson(text);
  const items = placesAt(root, fields.items);
  if (items === undefined) {
    throw new ClientError('invalid-document', `the answer has nothing at items: ${fields.items}`);
  }
  const nextPage =
    fields.nextPage === undefined ? undefined : fieldReader(fields.nextPage)({ value: root, around: [] });
  const read = itemReader(fields, fieldReader);
  const candidates = new BestCandidates();
  for (const item of items) candidates.add(candidateOf(read(item), context, withPage));
  const found = candidates.all();
  if (found.length === 0 && items.length > 0) throw nothingUsable(items.length, context.source);
  return { candidates: found, nextPage };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ClientError('invalid-document', 'the answer is not JSON');
  }
}
