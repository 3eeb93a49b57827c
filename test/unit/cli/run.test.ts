import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/run.js';
import { loadConfig, parseConfig } from '../../../src/config/parse-config.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-cli-'));
const good = join(directory, 'good.yaml');
const bad = join(directory, 'bad.yaml');
writeFileSync(
  good,
  'operator: { name: Example, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\ncontrol: { token: a-secret-token }\n',
);
writeFileSync(bad, 'operator: { name: Example, networks: [] }\nx: 1\n');

async function commandLine(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const file = (given: string | undefined): string => given ?? join(directory, 'alias-tracker.yaml');
  const code = await run(
    args,
    {
      env: {},
      stdin: new PassThrough(),
      stdout,
      stderr,
      clock: { nowMs: () => 0 },
      signal: AbortSignal.abort(),
      onHangUp: () => {},
      onUncaughtError: () => {},
      loadConfig: (given) => loadConfig(file(given), {}),
      configFile: file,
    },
    '9.9.9',
  );
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('exit codes', () => {
  test('0 for help and version', async () => {
    expect(await commandLine('--version')).toEqual({ code: 0, stdout: '9.9.9\n', stderr: '' });
    const help = await commandLine('serve', '--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('SIGHUP');
  });

  test.each([[['nonsense']], [['serve', '--nonsense']], [['demo', '--users', '0']], [['demo', '--for', '5']]])(
    '2 for %j',
    async (args) => {
      const { code, stderr } = await commandLine(...args);
      expect(code).toBe(2);
      expect(stderr).toContain('--help');
    },
  );

  test('2 where there is no configuration, with the way out', async () => {
    const { code, stderr } = await commandLine('check-config');
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('print-config');
  });
});

describe('check-config', () => {
  test('says that a configuration is right', async () => {
    expect(await commandLine('check-config', good)).toEqual({
      code: 0,
      stdout: `${good} is right: Example, AS64500\n`,
      stderr: '',
    });
  });

  test('gives every problem a line that editors understand', async () => {
    const { code, stdout, stderr } = await commandLine('check-config', '--config', bad);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const places = stderr
      .trim()
      .split('\n')
      .map((line) => /^(.*?:\d+):\d+: /.exec(line)?.[1]);
    expect(places).toEqual([`${bad}:1`, `${bad}:2`]);
  });

  test('as JSON', async () => {
    const { code, stdout } = await commandLine('check-config', bad, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: [
        { line: 1, path: 'operator.networks' },
        { line: 2, column: 1, path: 'x' },
      ],
    });
  });
});

describe('print-config', () => {
  test('prints what can be taken as it is', async () => {
    const { code, stdout } = await commandLine('print-config');
    expect(code).toBe(0);
    expect(() => parseConfig(stdout)).not.toThrow();
  });

  test('hides tokens', async () => {
    const { stdout } = await commandLine('print-config', '--config', good);
    expect(JSON.parse(stdout)).toMatchObject({ control: { token: '[secret]' } });
    expect(stdout).not.toContain('a-secret-token');
  });
});
