import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { importsOf, sourceFiles } from './source-files.js';

/** `| 2 | `src/tracker` | …` */
function layerTable(): Map<string, number> {
  const rows = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^\|\s*(\d)\s*\|\s*`src\/([a-z-]+)`/gm);
  return new Map([...rows].map(([, layer, folder]) => [folder!, Number(layer)]));
}

const layers = layerTable();
const files = sourceFiles('src', '.ts');

function folderOf(path: string): string {
  return path.split('/')[1]!;
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

const edges: Edge[] = files.flatMap((file) => importsOf(file).map((to) => ({ from: file, to })));

describe('layers (the table of ARCHITECTURE.md)', () => {
  test('every folder of src is in the table, and every folder of the table is in src', () => {
    expect([...layers.keys()].sort()).toEqual([...new Set(files.map(folderOf))].sort());
  });

  test('imports go downwards, or stay in their folder', () => {
    expect(edges.length).toBeGreaterThan(2_500);
    const upwards = edges.filter(({ from, to }) => layers.get(folderOf(to))! > layers.get(folderOf(from))!);
    expect(upwards).toEqual([]);
  });

  test('folders of layer 2 do not know each other', () => {
    const across = edges.filter(({ from, to }) => {
      const [a, b] = [folderOf(from), folderOf(to)];
      return a !== b && layers.get(a) === 2 && layers.get(b) === 2;
    });
    expect(across).toEqual([]);
  });

  test('folders of layer 1 know no others of it than ARCHITECTURE.md names', () => {
    const across = edges
      .map(({ from, to }) => [folderOf(from), folderOf(to)] as const)
      .filter(([a, b]) => a !== b && layers.get(a) === 1 && layers.get(b) === 1)
      .filter(([, to]) => !['net', 'config-kit', 'logging'].includes(to))
      .map(([a, b]) => `${a} → ${b}`);
    expect([...new Set(across)].sort()).toEqual(['control-api → store', 'part → control-api', 'topology → part']);
  });

  test('no cycle between folders', () => {
    const below = new Map<string, Set<string>>();
    for (const { from, to } of edges) {
      const [a, b] = [folderOf(from), folderOf(to)];
      if (a !== b) below.set(a, (below.get(a) ?? new Set()).add(b));
    }
    const reaches = (start: string, goal: string, seen = new Set<string>()): boolean =>
      [...(below.get(start) ?? [])].some((next) => {
        if (next === goal) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, goal, seen);
      });
    expect([...below.keys()].filter((folder) => reaches(folder, folder))).toEqual([]);
  });

  test('time and chance are passed in: only the edges read the machine’s', () => {
    const edge = (file: string): boolean => ['app', 'cli', 'lab'].includes(folderOf(file)) || /-worker\.ts$/.test(file);
    const offenders = files
      .filter((file) => !edge(file) && file !== 'src/domain/clock.ts')
      .filter((file) => /\bDate\.now\(|\bMath\.random\(|new Date\(\)/.test(codeOf(file)));
    expect(offenders).toEqual([]);
  });
});

/** Without comments, which may speak of what the code does not do. */
function codeOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
