// @ts-check
// The defects that `npm run mutate` plants: each is one small change of one place of a source file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a slip of the keyboard or of the mind does; each pattern is tried at every place where it fits.
 * @type {[pattern: RegExp, slip: string | ((found: string) => string)][]}
 */
const SLIPS = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \?\? /g, ' && '],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ \+ /g, ' - '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/if \(!/g, 'if ('],
  [/if \((?!!)/g, 'if (!'],
  // A call that is forgotten: a statement of its own that is one line.
  [/^ +(?:await |void )?[a-zA-Z_#.]+\([^\n]*\);$/gm, (found) => `${/^ +/.exec(found)?.[0]};`],
  // A value that is not handed on: one line of an object.
  [/^ +[a-zA-Z]+: [^\n{}[\]()]+,$/gm, ''],
];

/**
 * @typedef {{ path: string, line: number, at: number, original: string, replacement: string }} Defect
 * @param {string} root @param {string} path
 * @returns {Defect[]} those of one file
 */
export function defectsIn(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|`[^`]*`|'[^'\n]*'/gm, (comment) =>
    comment.replace(/[^\n]/g, '\0'),
  );
  return SLIPS.flatMap(([pattern, slip]) =>
    [...code.matchAll(pattern)]
      .filter((match) => !/^\s*(import|export type|type|interface|readonly)\b/.test(lineAt(code, match.index)))
      .map((match) => {
        const original = text.slice(match.index, match.index + match[0].length);
        const replacement = typeof slip === 'function' ? slip(original) : slip;
        const line = text.slice(0, match.index).split('\n').length;
        return { path, line, at: match.index, original, replacement };
      }),
  );
}

/** @param {string} text @param {Defect} defect @returns {string} the text of the file with the defect in it */
export function withDefect(text, { at, original, replacement }) {
  return text.slice(0, at) + replacement + text.slice(at + original.length);
}

/** @param {string} text @param {number} index */
function lineAt(text, index) {
  return text.slice(text.lastIndexOf('\n', index - 1) + 1).split('\n', 1)[0] ?? '';
}

/**
 * Every n-th of the list, from a place that the seed sets: files have a share that fits their size.
 * @template T
 * @param {T[]} list @param {number} count @param {number} seed
 * @returns {T[]}
 */
export function spreadEvenly(list, count, seed) {
  if (count >= list.length) return list;
  const step = list.length / count;
  const first = (seed * 0.618034) % 1;
  return Array.from({ length: count }, (_, i) => /** @type {T} */ (list[Math.floor((i + first) * step)]));
}
