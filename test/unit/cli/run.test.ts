import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../../src/cli/run.js';
import { configSchema } from '../../../src/config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../../src/config/default-config.js';
import { loadConfig, parseConfig } from '../../../src/config/parse-config.js';
import { completeConfig } from '../../../src/config-kit/complete-config.js';
import { sourceFiles } from '../../repo/source-files.js';

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

  test('2 if there is no configuration, with what to do next', async () => {
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
    const { stdout } = await commandLine('print-config', '--config', good, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ control: { token: '[secret-1]' } });
    expect(stdout).not.toContain('a-secret-token');
  });

  test('hides secrets in the URLs of sources, and what it prints can be fed back', async () => {
    const file = join(directory, 'sources.yaml');
    writeFileSync(
      file,
      `operator: { name: Example, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { announceUrls: ["udp://alias.example.net:6969/announce"] }
crawler: { sources: [ { name: a, type: feed, url: "https://me:geheim@site.example/rss?passkey=geheim",
  headers: { Cookie: "id=geheim", X-Api-Key: geheim }, query: { key: geheim } } ] }
`,
    );
    const { code, stdout } = await commandLine('print-config', '--config', file);
    expect(code).toBe(0);
    expect(stdout).toContain('https://[secret]@site.example/rss?passkey=[secret]');
    expect(stdout).toMatch(/Cookie: "?\[secret-/);
    expect(stdout).toMatch(/key: "?\[secret-/);
    expect(stdout).not.toContain('geheim');
    expect(() => parseConfig(stdout)).not.toThrow();
  });

  test('prints a configuration so that it can be fed back, complete and as it is written', async () => {
    const file = join(directory, 'whole.yaml');
    writeFileSync(
      file,
      `operator: { name: Example, networks: [ { asn: AS64500, prefixes: [203.0.113.0/24, "2001:db8::/32"] } ] }
tracker: { interval: 20m, denyList: { addresses: [192.0.2.0/25] } }
billing: { schedule: [ { name: night, from: "01:00", to: "07:00" } ] }
reports: { probes: [ { id: a, subdomains: [], token: the-first-token }, { id: b, subdomains: [], token: the-second-token } ] }
crawler: { userAgent: "costs $\${5}" }
control: {}
`
        .replaceAll('subdomains: []', 'subdomains: [north]')
        .replace('name: Example,', 'name: Example, subdomains: [ { id: north, prefixes: [203.0.113.0/25] } ],'),
    );
    const { stdout } = await commandLine('print-config', '--config', file);
    expect(stdout).toMatch(/^# Tokens and secrets in URLs that are written in the file are hidden/);
    for (const written of ['203.0.113.0/24', '2001:db8::/32', '192.0.2.0/25', '20m', '30s', '01:00', 'AS64500']) {
      expect(stdout).toContain(written);
    }
    const again = parseConfig(stdout, { baseDirectory: directory });
    const { probes: _a, ...reports } = again.reports;
    const expected = loadConfig(file, {});
    const { probes: _b, ...expectedReports } = expected.reports;
    expect({ ...again, reports }).toEqual({ ...expected, reports: expectedReports });
    expect(again.crawler.userAgent).toBe(`costs $\{5}`);
  });

  test('hides each token of the control API', () => {
    const text = completeConfig(
      JSON.stringify({ control: { token: 'one-secret', viewerToken: 'two-secret' } }),
      configSchema,
    );
    expect(text).not.toMatch(/(?:one|two)-secret/);
  });

  test('fills in the defaults of optional sections and of the entries of lists', () => {
    const text = completeConfig(
      JSON.stringify({
        alarms: { webhook: { url: 'https://alerts.example.net/hook' } },
        crawler: {
          sources: [
            { name: 'site', type: 'sitemap', url: 'https://example.org/sitemap.xml', details: { link: 'a' } },
            { name: 'own', type: 'announces' },
          ],
        },
      }),
      configSchema,
    );
    const { alarms, crawler } = parse(text);
    expect(alarms.webhook).toEqual({ url: 'https://alerts.example.net/hook', minSeverity: 'warning' });
    expect(crawler.sources).toMatchObject([
      { torrents: '*.torrent', sitemaps: '*', details: { link: 'a', maxPages: 100 } },
      { name: 'own', type: 'announces' },
    ]);
  });

  test('with secrets, each example means the same after it was printed', () => {
    const files = sourceFiles('examples', '.yaml').filter((file) => parse(readFileSync(file, 'utf8')).operator);
    expect(files).toContain('examples/lab/alias-tracker.yaml');
    const examples = [
      ...files.map((file) => [file, readFileSync(file, 'utf8')] as const),
      ['x.yaml', DEFAULT_CONFIG_YAML] as const,
    ];
    for (const [file, text] of examples) {
      const read = (yaml: string) => parseConfig(yaml, { file, baseDirectory: dirname(file) });
      expect(read(completeConfig(text, configSchema, true)), file).toEqual(read(text));
    }
  });

  test('hides a token that is a variable only in part, or looks like one', () => {
    for (const written of ['a-secret-<REST}', 'a-secret-$<x', '<A}a-secret', '<a-secret x}']) {
      const token = written.replace('<', '${');
      const text = completeConfig(JSON.stringify({ control: { token } }), configSchema);
      expect(text).not.toContain('a-secret');
      expect(text).toContain('[secret-1]');
    }
  });

  test('prints the name of a variable, not its value', async () => {
    const file = join(directory, 'variable.yaml');
    writeFileSync(
      file,
      `operator: { name: "$\{HOME_NAME}", networks: [ { asn: 1, prefixes: [203.0.113.0/24] } ] }\ncontrol: { token: "$\{CONTROL_TOKEN}" }\n`,
    );
    const text = completeConfig(readFileSync(file, 'utf8'), configSchema);
    expect(text).toContain(`token: $\{CONTROL_TOKEN}`);
    expect(text).not.toMatch(/^#/);
    const environment = { HOME_NAME: 'Home', CONTROL_TOKEN: 'a-control-token' };
    expect(parseConfig(text, { environment }).operator.name).toBe('Home');
  });
});
