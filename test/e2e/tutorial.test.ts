/**
 * Parts 4 to 11 of docs/tutorial.md, in the form printed and in its order: the configuration is saved, each command is typed into one
 * shell, and `serve` runs where the reader starts it. In a network of its own, because the tutorial has the default ports.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { stepsOf } from '../support/document-steps.js';
import { eventually } from '../support/eventually.js';
import { ownNetwork } from '../support/own-network.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const FIRST_PART = 4;

const network = await ownNetwork({ interfaces: ['203.0.113.20', '203.0.113.21'], reachable: [] });
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-tutorial-'));
const environment: NodeJS.ProcessEnv = { ...process.env, PATH: `${directory}/bin:${process.env.PATH}` };
const configFile = join(directory, 'alias-tracker.yaml');
const run = promisify(execFile);

const steps = stepsOf('docs/tutorial.md').filter(({ heading }) => Number.parseInt(heading, 10) >= FIRST_PART);

let serve: ChildProcess | undefined;
let output = '';

async function startServe(command: string): Promise<void> {
  serve = spawn('sh', ['-c', `exec ${command}`], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  output = '';
  for (const stream of [serve.stdout!, serve.stderr!]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  await eventually('serve listens', () => output.includes('Ctrl-C stops it.'), {
    possible: () => serve?.exitCode === null,
    found: () => output,
  });
}

async function stopServe(): Promise<void> {
  if (serve === undefined || serve.exitCode !== null) return;
  serve.kill('SIGINT');
  await eventually('serve ends', () => serve!.exitCode !== null);
  expect(serve.exitCode).toBe(0);
}

/** The first piece is the file; a later one replaces the sections that it has. */
function configure(text: string): void {
  let written: Record<string, unknown> = {};
  try {
    written = parse(readFileSync(configFile, 'utf8'));
  } catch {
    // There is no file before the first piece.
  }
  writeFileSync(configFile, stringify({ ...written, ...(parse(text) as object) }));
}

describe.skipIf(network === undefined)('the tutorial', () => {
  afterAll(() => {
    serve?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    network?.leave();
  });

  test('has the parts that this file runs', () => {
    expect(steps.filter(({ kind }) => kind === 'command').length).toBeGreaterThan(15);
    expect(steps.filter(({ kind }) => kind === 'yaml').length).toBe(3);
  });

  test('every command of it does what it says', async () => {
    await run('mkdir', ['bin'], { cwd: directory });
    const program = join(directory, 'bin', 'alias-tracker');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(program, 0o755);
    let isNew = false;
    for (const step of steps) {
      if (step.kind === 'yaml') {
        configure(step.text);
        isNew = 'dnsRedirect' in (parse(step.text) as object);
      } else if (step.command.startsWith('export ')) {
        const [, name, value] = /^export (\w+)=(.*)$/.exec(step.command)!;
        environment[name!] = (
          await run('sh', ['-c', `printf %s "${value}"`], { cwd: directory, env: environment })
        ).stdout;
      } else if (/^alias-tracker serve\b/.test(step.command)) {
        await startServe(step.command);
      } else {
        const { stdout } = await run('sh', ['-c', step.command], { cwd: directory, env: environment });
        if (isNew && step.command === 'alias-tracker reload --dry-run') {
          // The reader starts it again.
          expect(stdout).toMatch(/^dnsRedirect.*takes effect at the next start/);
          await stopServe();
          await startServe('alias-tracker serve --config alias-tracker.yaml');
          isNew = false;
        }
      }
    }
    expect(readFileSync(join(directory, 'redirections-rpz.zone'), 'utf8')).toContain('rpz.alias-tracker. 30 IN SOA');
    expect(readFileSync(join(directory, 'backup.tar')).length).toBeGreaterThan(1_000);
    await stopServe();
  });
});
