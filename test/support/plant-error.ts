/** Tells a program that was started with plant-errors.mjs to fail somewhere. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PRELOAD = join(import.meta.dirname, 'plant-errors.mjs');

/** What the program's environment must have. @param directory of this program alone */
export function plantingEnvironment(directory: string): Record<string, string> {
  return { NODE_OPTIONS: `--import ${pathToFileURL(PRELOAD)}`, PLANT_DIRECTORY: directory };
}

/**
 * @param where a module such as `policy.policy`, or `thread.dns`
 * @param what `throw`, `reject`, `spin SECONDS` or `block SECONDS`
 */
export function plant(directory: string, where: string, what: string): void {
  // Renamed, so that no half of it is read.
  const draft = join(directory, `.${where}`);
  writeFileSync(draft, what);
  renameSync(draft, join(directory, where));
}
