/** Starts the load generator on its own core and speaks to it. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE } from '../servers/start-server.js';
import type { LoadCommand, LoadResult } from './load-command.js';

export interface LoadGenerator {
  ask(command: LoadCommand): Promise<LoadResult | null>;
  stop(): void;
}

export function startLoad(): LoadGenerator {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'load-process.js');
  const child = spawn('taskset', ['-c', String(LOAD_CORE), process.execPath, script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    ask: (command) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`the load generator ended with ${code}`));
        child.once('exit', onExit);
        child.once('message', (answer: { result: LoadResult | null; error?: string }) => {
          child.off('exit', onExit);
          if (answer.error === undefined) resolve(answer.result);
          else reject(new Error(answer.error));
        });
        child.send(command);
      }),
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}
