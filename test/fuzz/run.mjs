// `npm run fuzz`: compiles the targets with the sources they use, then runs them. `npm run fuzz -- --help` lists options.
// Plain JavaScript, because it runs before anything is compiled.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tsc = join(here, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.json')], { stdio: ['ignore', 2, 2] });
// The database module looks for them beside the compiled sources.
cpSync(join(here, '..', '..', 'migrations'), join(here, '.build', 'migrations'), { recursive: true });
await import('./.build/test/fuzz/main.js');
