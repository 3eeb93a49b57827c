/** What `check-config` finds out about files and addresses that a configuration names, without starting a part. */
import { type FileProblem, FilesError, messageOf } from '../domain/errors.js';
import type { ConfigPath } from './yaml-source.js';

export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

/**
 * @param path the key of what `work` looks at, or the key that names a file, undefined for a problem of no single file
 * @param work what the start of the part runs as well
 */
export async function findingsOf(
  path: ConfigPath | ((file: string | undefined) => ConfigPath),
  work: () => unknown,
): Promise<Finding[]> {
  try {
    await work();
    return [];
  } catch (thrown) {
    const problems: readonly FileProblem[] =
      thrown instanceof FilesError
        ? thrown.problems
        : messageOf(thrown)
            .split('\n')
            .map((message) => ({ message }));
    return problems.map(({ file, message }) => ({ path: typeof path === 'function' ? path(file) : path, message }));
  }
}
