// `npm run bench`: compiles the benchmarks with the sources they measure, then runs one of them. Without the name of a
// program it runs the comparison of trackers. `npm run bench -- --help` lists programs and options.
// Plain JavaScript, because it compiles the other files.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAMS = [
  'crawl',
  'dashboard',
  'dns',
  'micro-announce',
  'micro-selection',
  'micro-topology',
  'mirror-site',
  'mix-curve',
  'original-trackers',
  'pass-through',
  'reports',
  'reports-effect',
  'savings-truth',
  'soak',
  'worker-killed',
  'workers',
  'workers-same',
];
const here = dirname(fileURLToPath(import.meta.url));
const tsc = join(here, '..', 'node_modules', 'typescript', 'bin', 'tsc');
try {
  execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.json')], { stdio: ['ignore', 2, 2] });
} catch {
  console.error('bench: the sources do not compile; repair the errors above first');
  process.exit(1);
}
// The database module looks for them beside the compiled sources.
cpSync(join(here, '..', 'migrations'), join(here, '.build', 'migrations'), { recursive: true });
// The soak loads it into the program.
cpSync(join(here, '../test/support/plant-errors.mjs'), join(here, '.build/test/support/plant-errors.mjs'));
const program = PROGRAMS.find((name) => name === process.argv[2]);
if (program !== undefined) process.argv.splice(2, 1);
await import(`./.build/bench/${program ?? 'main'}.js`);
