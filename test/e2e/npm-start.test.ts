/** What `npm start` runs: the lab reaches its table, what the table suggests works, and SIGTERM ends it cleanly. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepsOf } from '../support/document-steps.js';
import { eventually, PATIENCE_MS } from '../support/eventually.js';
import { requireProgram } from '../support/real-program.js';

const repository = join(import.meta.dirname, '../..');
const dig = requireProgram('dig');
const curl = requireProgram('curl');
const aria2c = requireProgram('aria2c');

describe('npm start', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-start-'));
  let serve: ChildProcess;
  let output = '';

  beforeAll(async () => {
    // The script itself, without npm around it: npm would build again beside the tests that run at the same time.
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    const [program, ...args] = (scripts.start as string).replace(/^exec /, '').split(' ');
    expect(program).toBe('node');
    serve = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [serve.stdout!, serve.stderr!]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    await eventually('the table', () => output.includes('Ctrl-C stops it.') || serve.exitCode !== null);
    await eventually('the first crawl', () => output.includes('crawled:') || serve.exitCode !== null);
    if (serve.exitCode !== null) throw new Error(`it ended with ${serve.exitCode}:\n${output}`);
  });
  afterAll(() => {
    serve?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('prints what runs where, and three things to try next', () => {
    for (const part of ['tracker', 'mirror-site', 'dns-redirect', 'control', 'lab']) {
      expect(output).toMatch(new RegExp(`^${part} +\\S+://`, 'm'));
    }
    expect(output.match(/^ {2}[123]\. /gm)).toHaveLength(3);
  });

  it.skipIf(!dig || !curl || !aria2c)('the commands that it suggests do what it says', () => {
    const commands = [...output.matchAll(/^ {7}((?:dig|curl|aria2c) .*)$/gm)].map((match) => match[1]!);
    expect(commands.map((command) => command.split(' ')[0])).toEqual(['dig', 'curl', 'aria2c']);
    const run = (command: string): string =>
      execFileSync('sh', ['-c', command.replaceAll('/tmp', directory)], { encoding: 'utf8', timeout: PATIENCE_MS });
    expect(run(commands[0]!).trim()).toBe('127.0.0.1');
    run(commands[1]!);
    expect(readFileSync(join(directory, 'alice.torrent'), 'latin1')).toContain('127.0.0.1:6969');
    run(commands[2]!);
    expect(readFileSync(join(directory, 'alice.txt'), 'utf8')).toContain('Alice');
  });

  it.skipIf(!dig || !curl || !aria2c).each([
    ['README.md', (heading: string) => heading === 'Three things to try'],
    ['docs/tutorial.md', (heading: string) => Number.parseInt(heading, 10) <= 3],
  ] as const)('every command of %s does what it says', async (document, isOfLab) => {
    const commands = stepsOf(join(repository, document)).flatMap((step) =>
      step.kind === 'command' && isOfLab(step.heading) ? [step.command] : [],
    );
    expect(commands.length).toBeGreaterThanOrEqual(4);
    const printed: string[] = [];
    for (const command of commands) {
      // It runs already, as above.
      if (command === 'npm start') continue;
      // Without the script that builds before it, as above; and not without end.
      const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
      const demo = `${(scripts.demo as string).replace(/^exec node/, `"${process.execPath}"`)} --for 3s --json`;
      const line = /^npm run demo\b/.test(command) ? demo : command.replaceAll('/tmp', directory);
      rmSync(join(directory, 'alice.txt'), { force: true });
      const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: repository, timeout: PATIENCE_MS });
      printed.push(stdout);
    }
    expect(printed[0]!.trim()).toBe('127.0.0.1');
    expect(printed.at(-1)).toContain('"innerShare"');
  });

  it('SIGTERM ends it with exit code 0', async () => {
    serve.kill('SIGTERM');
    const [code] = await once(serve, 'exit');
    expect(code).toBe(0);
  });
});
