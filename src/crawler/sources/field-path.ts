/**
 * Paths into JSON, as an operator writes them for the fields of a source:
 *
 *     attributes.seeders          a key within a key
 *     files[0].url                an element of a list, from 0
 *     attachments[type=application/x-bittorrent].url      the first element whose key has this value
 *     response.results[].torrents[]                       every element of a list or an object: for `items`
 *     ^.groupName                 a key of the object around the item (`[]` of the line above)
 *     ["a.b"]                     a key with a dot
 *     https://a.example/{id}.torrent                      text with paths in braces; nothing if one of them has no value
 *
 * A path is made of a few steps, and each of them looks at an element once.
 */
import { messageOf, OperatorError } from '../../domain/errors.js';

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'first'; readonly key: string; readonly value: string }
  | { readonly kind: 'each' }
  | { readonly kind: 'up' };

/** A value, and the objects around it that `^` leads to, the innermost last. */
export interface Place {
  readonly value: unknown;
  readonly around: readonly unknown[];
}

const STEP = /\.?(?:(\^)(?=\.|$)|\[(?:(\d{1,6})|"([^"\]]*)"|([^\]=["]+)=([^\]]*)|)\]|([^.[\]{}^]+))/y;

/** @returns what is wrong with the field of a source; undefined if nothing is */
export function pathProblem(written: string): string | undefined {
  try {
    fieldReader(written);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** @throws OperatorError if the text is not a path */
function parsePath(text: string): readonly Step[] {
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  // "$" and "." are the document itself, as in JSONPath and jq.
  const path = text.trim().replace(/^\$?\.?(?=$|[^.])/, '');
  while (STEP.lastIndex < path.length) {
    const at = STEP.lastIndex;
    const match = STEP.exec(path);
    if (match === null) {
      throw new OperatorError(
        `"${text}" is not a path: it cannot be read from "${path.slice(at)}" on; write e.g. data[].attributes.name`,
      );
    }
    const [, up, index, quoted, key, value, plain] = match;
    if (up !== undefined) steps.push({ kind: 'up' });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (key !== undefined) steps.push({ kind: 'first', key, value: value! });
    else if (quoted !== undefined || plain !== undefined) steps.push({ kind: 'key', key: quoted ?? plain! });
    else steps.push({ kind: 'each' });
  }
  return steps;
}

/**
 * @returns every place that the path leads to, maybe none of an empty list; undefined if there is not even a list
 * @throws OperatorError if the text is not a path
 */
export function placesAt(root: unknown, path: string): Place[] | undefined {
  const steps = parsePath(path);
  // A list is meant whole: `data` is the same as `data[]`.
  const toList = steps.at(-1)?.kind === 'each' ? steps.slice(0, -1) : steps;
  let places: Place[] = [{ value: root, around: [] }];
  for (const step of toList) {
    // An empty list on the way is a page without items.
    const isEmptyList = step.kind === 'each' && places.some(({ value }) => elementsOf(value)?.length === 0);
    places = places.flatMap((place) => next(place, step));
    if (places.length === 0) return isEmptyList ? [] : undefined;
  }
  const isWhole = toList.length < steps.length;
  return places.flatMap((place) => (isWhole || Array.isArray(place.value) ? next(place, { kind: 'each' }) : [place]));
}

/** Reads text of items, with the paths parsed once. @throws OperatorError if the text is not a path */
export function fieldReader(written: string): (place: Place) => string | undefined {
  if (!written.includes('{')) {
    const steps = parsePath(written);
    return (place) => textAt(place, steps);
  }
  const parts = written.split(/\{([^{}]*)\}/);
  const readers = parts.map((part, i) => (i % 2 === 0 ? undefined : parsePath(part)));
  return (place) => {
    let text = '';
    for (const [i, part] of parts.entries()) {
      const steps = readers[i];
      const value = steps === undefined ? part : textAt(place, steps);
      if (value === undefined) return undefined;
      text += steps === undefined ? value : encodeURIComponent(Buffer.from(value).toString());
    }
    return text;
  };
}

function textAt(place: Place, steps: readonly Step[]): string | undefined {
  let at: Place | undefined = place;
  for (const step of steps) {
    at = next(at, step)[0];
    if (at === undefined) return undefined;
  }
  const value = Array.isArray(at.value) ? at.value[0] : at.value;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function next({ value, around }: Place, step: Step): Place[] {
  switch (step.kind) {
    case 'up':
      return around.length === 0 ? [] : [{ value: around.at(-1), around: around.slice(0, -1) }];
    case 'each':
      return (elementsOf(value) ?? []).map((each) => ({ value: each, around }));
    case 'index':
      return Array.isArray(value) && step.index < value.length ? [{ value: value[step.index], around }] : [];
    case 'first': {
      const found = Array.isArray(value) ? value.find((each) => String(own(each, step.key)) === step.value) : undefined;
      return found === undefined ? [] : [{ value: found, around }];
    }
    case 'key': {
      const child = own(value, step.key);
      return child === undefined || child === null ? [] : [{ value: child, around: [...around, value] }];
    }
  }
}

/** Of a list, or the values of an object: some sites key torrents by their number. */
function elementsOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : undefined;
}

/** Never a property of a prototype: keys come from strangers as well as from the operator. */
function own(value: unknown, key: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
