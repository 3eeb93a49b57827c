// `npm run bench`: compiles the load generator and the servers with the sources they use, then runs them.
// Plain JavaScript, because it runs before anything is built. `npm run bench -- --help` lists the options.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tsc = join(here, '..', 'node_modules', 'typescript', 'bin', 'tsc');
try {
  execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.json')], { stdio: ['ignore', 2, 2] });
} catch {
  console.error('bench: the sources do not compile cleanly; going on with what was emitted');
}
await import('./.build/bench/main.js');
