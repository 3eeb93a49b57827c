// @ts-check
// A type checker that stays: it reads the project once, and afterwards checks only what a changed file can spoil.
import { join } from 'node:path';
import { API } from 'typescript/unstable/sync';

export class TypeChecker {
  #api;
  #root;
  #snapshot;
  /** @type {{ path: string, text: string } | null} */
  #changed = null;

  /** @param {string} root */
  constructor(root) {
    this.#root = root;
    /** @param {string} path */
    const readFile = (path) => (path === this.#changed?.path ? this.#changed.text : undefined);
    this.#api = new API({ cwd: root, fs: { readFile } });
    this.#snapshot = this.#api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] });
  }

  /**
   * @param {string} file the changed one @param {string} text what it says now
   * @param {string[]} importers files that may fail because of it
   * @returns {boolean} whether the compiler refuses one of them
   */
  refuses(file, text, importers) {
    const path = join(this.#root, file);
    this.#update({ path, text }, path);
    try {
      const program = this.#snapshot.getProjects()[0]?.program;
      if (program === undefined) throw new Error('tsconfig.json is not a project');
      return [file, ...importers].some((each) => {
        const checked = join(this.#root, each);
        return (
          program.getSyntacticDiagnostics(checked).length > 0 || program.getSemanticDiagnostics(checked).length > 0
        );
      });
    } finally {
      this.#update(null, path);
    }
  }

  /** @param {{ path: string, text: string } | null} changed @param {string} path */
  #update(changed, path) {
    this.#changed = changed;
    const next = this.#api.updateSnapshot({ fileChanges: { changed: [path] } });
    this.#snapshot.dispose();
    this.#snapshot = next;
  }

  close() {
    this.#api.close();
  }
}
