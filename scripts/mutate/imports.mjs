// @ts-check
// Which test files import a source file, directly or through others.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** `from '…'` but for types, `import('…')`, and threads, whose entry point is named by `new URL('…')` or `threadModule(…, '…')`. */
const IMPORTS = /(?:\bfrom|\bimport|\bimport\(|new URL\(|threadModule\(import\.meta\.url,)\s*'([^']+)\.(?:js|mjs)'/g;

export class ImportGraph {
  #root;
  /** @type {Map<string, string[]>} */
  #imports = new Map();

  /** @param {string} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {string} file @returns {Map<string, number>} each file that it needs, with how many imports away it is */
  closure(file) {
    const distance = new Map([[file, 0]]);
    for (const [each, steps] of distance) {
      for (const imported of this.#importsOf(each)) if (!distance.has(imported)) distance.set(imported, steps + 1);
    }
    return distance;
  }

  /** @param {string} file @param {string[]} files @returns {string[]} those that import it themselves */
  importers(file, files) {
    return files.filter((each) => this.#importsOf(each).includes(file));
  }

  /** @param {string} file */
  #importsOf(file) {
    let imports = this.#imports.get(file);
    if (imports === undefined) {
      const text = readFileSync(join(this.#root, file), 'utf8').replace(/^(?:import|export) type\b[^;]*;/gm, '');
      imports = [...text.matchAll(IMPORTS)]
        .map(([, name]) => normalize(join(dirname(file), `${name}.ts`)))
        .filter((path) => existsSync(join(this.#root, path)));
      this.#imports.set(file, imports);
    }
    return imports;
  }
}
