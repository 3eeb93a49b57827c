/** A check that parts share: the entries of a list have different names. */
import type { Report } from './config-part.js';
import type { ConfigPath } from './yaml-source.js';

/** @param path of the list. @param key of the name in each entry */
export function namesAreUnique(path: ConfigPath, key: string, names: readonly string[], report: Report): void {
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) report([...path, i, key], `"${name}" is used twice; each needs a name of its own`);
  });
}
