/**
 * A page reads an answer of the API with the schema of the call itself. A copy would miss a field that the call renames, and nobody
 * would notice until the page fails.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

const CALL = /\bapi\s*\.get\(\s*[^,]+,\s*([\w.]+)/g;
/** The calls of a part, and those that the dashboard itself answers. */
const OF_A_CALL = /\/api\/[\w-]+\.js$|^\.\.?\/(overview|api-routes)\.js$/;

test('pages have no schemas of answers of their own', () => {
  const copies = sourceFiles('src/dashboard', '.ts')
    .filter((path) => path !== 'src/dashboard/page-calls.ts')
    .flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      const imports = new Map<string, string>();
      for (const [, names, from] of text.matchAll(/import \{([^}]*)\} from '([^']+)'/g)) {
        for (const name of names!.split(',')) imports.set(name.trim(), from!);
      }
      return [...text.matchAll(CALL)]
        .map(([, schema]) => schema!)
        .filter((schema) => !OF_A_CALL.test(imports.get(schema) ?? ''))
        .map((schema) => `${path}: ${schema}`);
    });
  expect(copies).toEqual([]);
});
