import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const builtin = new Set(builtinModules);

/** Modules that stay in a checkout: the lab, and the experiment that runs on it. */
function staysInCheckout(file: string): boolean {
  return file.startsWith('src/lab/') || file.startsWith('src/cli/experiment-');
}

function packagesOf(file: string): string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(
    /(?:^(?:import|export) .*from |^\} from |^import |\bimport\()'([^'.][^']*)'/gm,
  );
  return [...specifiers]
    .map(([, specifier]) => specifier!)
    .filter((specifier) => !specifier.startsWith('node:') && !builtin.has(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

const files = sourceFiles('src', '.ts').filter((file) => !file.endsWith('.d.ts'));
const shipped = new Set(files.filter((file) => !staysInCheckout(file)).flatMap(packagesOf));
const inCheckout = new Set(files.filter(staysInCheckout).flatMap(packagesOf));

describe('packages', () => {
  test('an installation gets exactly the packages that its modules import', () => {
    expect([...shipped].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  test('what only the lab imports is a development dependency', () => {
    const own = [...inCheckout].filter((name) => !shipped.has(name));
    expect(own.length).toBeGreaterThan(1);
    expect(own.filter((name) => !(name in manifest.devDependencies))).toEqual([]);
  });

  test('a module that ships never needs the lab to load', () => {
    const wrong = files
      .filter((file) => !staysInCheckout(file))
      .filter((file) => /^import (?!type\b)[^;]*from '[^']*\/lab\//m.test(readFileSync(file, 'utf8')));
    expect(wrong).toEqual([]);
  });
});
