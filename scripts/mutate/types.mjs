// A type checker that stays: it reads the project once, and afterwards checks only what a changed file can spoil.
import { join } from 'node:path';
import { API } from 'typescript/unstable/sync';

export class TypeChecker {
  #api;
  #root;
  #snapshot;
  #changed = null;

  constructor(root) {
    this.#root = root;
    const readFile = (path) => (path === this.#changed?.path ? this.#changed.text : undefined);
    this.#api = new API({ cwd: root, fs: { readFile } });
    this.#snapshot = this.#api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] });
  }

  /**
   * @param file the changed file and @param text what it says now
   * @param importers files that may fail because of it
   * @returns whether the compiler refuses one of them
   */
  refuses(file, text, importers) {
    this.#update({ path: join(this.#root, file), text });
    try {
      const { program } = this.#snapshot.getProjects()[0];
      return [file, ...importers].some((each) => {
        const path = join(this.#root, each);
        return program.getSyntacticDiagnostics(path).length > 0 || program.getSemanticDiagnostics(path).length > 0;
      });
    } finally {
      this.#update(null);
    }
  }

  #update(changed) {
    const path = (changed ?? this.#changed).path;
    this.#changed = changed;
    const next = this.#api.updateSnapshot({ fileChanges: { changed: [path] } });
    this.#snapshot.dispose();
    this.#snapshot = next;
  }

  close() {
    this.#api.close();
  }
}
