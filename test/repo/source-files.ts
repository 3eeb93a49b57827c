/** The files of the repository as its tests look at them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Paths below a directory, relative to the repository, with `/`. */
export function sourceFiles(directory: string, extension: string): string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = `${directory}/${name}`;
      if (statSync(path).isDirectory()) return sourceFiles(path, extension);
      return name.endsWith(extension) ? [path] : [];
    });
}

/** The modules of `src` that a module imports, by `import`, `export … from`, `import()` or a worker's URL. */
export function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import|import\(|new URL\()\s*\(?'(\.{1,2}\/[^']+\.js)'/g)];
  return specifiers
    .map(([, specifier]) => normalize(join(dirname(file), specifier!.replace(/\.js$/, '.ts'))))
    .filter((path) => path.startsWith('src/') && existsSync(path));
}

/** What git keeps, and what it would keep: ignored files are nobody's business. */
export function trackedFiles(): string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
      encoding: 'utf8',
    });
    return listed.split('\n').filter((path) => path !== '' && existsSync(path));
  } catch {
    // A copy without its history (an archive): the folders that are the project's own.
    return ['src', 'test', 'docs', 'examples', 'migrations', 'scripts', 'bench'].flatMap((each) =>
      sourceFiles(each, ''),
    );
  }
}
