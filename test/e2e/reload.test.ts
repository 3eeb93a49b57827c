/** A reload by the control API and by the process: what it says before and after, and that a bad file changes nothing. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application } from '../../src/app/application.js';
import { createApp } from '../../src/app/create-app.js';
import { registerReloadCommand } from '../../src/cli/commands/reload.js';
import { ConfigSource } from '../../src/config/config-source.js';
import { loadConfig } from '../../src/config/parse-config.js';
import { createLogger } from '../../src/logging/logger.js';
import { runCommand } from '../support/command-line.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-reload-'));
const file = join(directory, 'alias-tracker.yaml');
const lines: string[] = [];
let app: Application;
let url: string;

function write(more: string): void {
  writeFileSync(
    file,
    `operator: { name: Lab Telecom, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["udp://127.0.0.1:0"], interval: 30m, announceUrls: ["udp://127.0.0.1:6969/announce"], denyList: { torrents: denied.txt } }
control: { listen: "http://127.0.0.1:0", token: first-secret-token }
upstream: { exchange: false }
storage: { directory: data }
lab: true
${more}`,
  );
}

beforeAll(async () => {
  writeFileSync(join(directory, 'denied.txt'), '');
  write('billing: { defaultRatePerGigabyte: 0.02 }\n');
  const config = loadConfig(file, {});
  const logger = createLogger('info', { destination: { write: (line) => void lines.push(JSON.parse(line).msg) } });
  app = createApp(config, { logger, source: new ConfigSource(file, {}, config) });
  await app.start();
  url = app.addresses.find(({ part }) => part === 'control')!.url;
});
afterAll(async () => {
  await app.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, token = 'first-secret-token') {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const logged = async (): Promise<unknown> =>
  ((await call('GET', '/api/v1/audit?action=reload')).json.entries as unknown[]).length;

test('a dry run says what would change, in the words of the file, and changes nothing', async () => {
  write(
    'billing: { defaultRatePerGigabyte: 0.5 }\nlogging: { level: info }\nmirrorSite: { listen: "http://127.0.0.1:0" }\n',
  );
  const { status, json } = await call('POST', '/api/v1/reload', { dryRun: true });
  expect(status).toBe(200);
  expect(json).toMatchObject({ applied: false, files: [], needRestart: ['mirrorSite'] });
  const changes = json.changes as { key: string }[];
  expect(changes.map(({ key }) => key)).toEqual(['billing.defaultRatePerGigabyte', 'mirrorSite']);
  expect(changes[0]).toEqual({ key: 'billing.defaultRatePerGigabyte', old: '0.02', new: '0.5', takesEffect: 'now' });
  expect(changes[1]).toMatchObject({ old: null, takesEffect: 'restart' });
  expect(lines.join()).not.toContain('reloaded');
  expect(await logged()).toBe(0);
});

test('the command reloads, shows the same and hides secrets; files that have changed are named', async () => {
  writeFileSync(join(directory, 'denied.txt'), `${'a'.repeat(40)}\n`);
  utimesSync(join(directory, 'denied.txt'), 1_700_000_000, 1_700_000_000);
  write(
    'billing: { defaultRatePerGigabyte: 0.5 }\nreports: { probes: [ { id: dp, subdomains: [], token: a-second-secret } ] }\n',
  );
  const refused = await runCommand(registerReloadCommand, ['reload', '--url', url, '--token', 'first-secret-token']);
  expect(String(refused.thrown)).toMatch(
    /alias-tracker\.yaml:8:\d+: reports\.probes\[0\]\.subdomains: give the sub-domains/,
  );
  expect(await logged()).toBe(1);

  write(
    'billing: { defaultRatePerGigabyte: 0.5 }\ncrawler: { sources: [ { name: own, type: push, token: a-second-secret } ] }\n',
  );
  const { stdout } = await runCommand(registerReloadCommand, ['reload', '--url', url, '--token', 'first-secret-token']);
  const out = stdout.toString();
  expect(out).toContain('billing.defaultRatePerGigabyte: 0.02 → 0.5\n');
  expect(out).toContain('"token":"[hidden]"');
  expect(out).not.toContain('a-second-secret');
  expect(out).toContain(`tracker.denyList.torrents: ${join(directory, 'denied.txt')} was changed\n`);
  expect(out).toMatch(/\nreloaded\n$/);
  expect(lines).toContain('reload: billing.defaultRatePerGigabyte: 0.02 → 0.5');
  const [entry] = (await call('GET', '/api/v1/audit?action=reload&result=done')).json.entries as { details: unknown }[];
  expect(entry).toMatchObject({
    actor: 'control',
    details: { outcome: { changes: ['billing.defaultRatePerGigabyte', expect.stringContaining('crawler')] } },
  });
});

test('SIGHUP logs the same, and a bad file with its line; both are in the log of operator actions', async () => {
  write('billing: { defaultRatePerGigabyte: 0.7 }\n');
  await app.reloadFile(false, 'SIGHUP');
  expect(lines).toContain('reload: billing.defaultRatePerGigabyte: 0.5 → 0.7');
  write('billing: { defaultRatePerGigabyte: much }\n');
  await expect(app.reloadFile(false, 'SIGHUP')).rejects.toThrow('alias-tracker.yaml:7:');
  expect(lines.at(-1)).toMatch(/^the configuration was not applied, the old one stays in force: .*:7:\d+: billing/);
  const { entries } = (await call('GET', '/api/v1/audit?actor=SIGHUP')).json as { entries: { result: string }[] };
  expect(entries.map(({ result }) => result)).toEqual(['refused', 'done']);
});
