/**
 * What an operator does at night: pause, resume and drain through API and command line, seen from the resolver and from a
 * load balancer; and the log of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json as readJson } from 'node:stream/consumers';
import type { Command } from 'commander';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CliContext } from '../../src/cli/cli-context.js';
import { registerAlarmsCommand } from '../../src/cli/commands/alarms.js';
import { registerOperationCommands } from '../../src/cli/commands/operation.js';
import { runCommand } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { CONTROL_TOKEN, LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { answerWith, askUdp, type Closing, question, startResolver } from '../unit/dns-redirect/running-redirect.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-operation-'));
const closing: Closing[] = [];
let yaml: string;
let running: RunningApp;
let hook: Server;
const messages: { readonly status: string }[] = [];

beforeAll(async () => {
  const { host, port } = await startResolver(closing, (query) => answerWith(query, '192.0.2.99'));
  hook = createServer(async (request, response) => {
    messages.push((await readJson(request)) as { status: string });
    response.end();
  });
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  yaml = `${LAB_CONFIG}
mirrorSite: { listen: "http://127.0.0.1:0" }
dnsRedirect:
  listen: ["127.0.0.1:0"]
  upstreamResolvers: ["${host}:${port}"]
  mirrorAddresses: [127.0.0.21]
  trackerAddresses: [127.0.0.22]
  healthChecks: false
  sites: [site.example]
  trackers: [tracker.example]
  rpz: { listen: ["127.0.0.1:0"] }
upstream: { exchange: false }
alarms: { webhook: { url: "http://127.0.0.1:${(hook.address() as AddressInfo).port}/" } }
`;
  running = await startLabApp(yaml, directory);
});
afterAll(async () => {
  await running.stop();
  for (const close of closing) await close();
  hook.close();
  rmSync(directory, { recursive: true, force: true });
});

async function addressOf(name: string): Promise<unknown> {
  const answer = decode((await askUdp(running.endpoint('dns-redirect'), question(name, 'A')))!);
  return (answer.answers?.[0] as { data?: unknown } | undefined)?.data;
}

function register(program: Command, context: CliContext): void {
  registerOperationCommands(program, context);
  registerAlarmsCommand(program, context);
}

async function command(...args: string[]): Promise<{ out: string; thrown: unknown }> {
  const { host, port } = running.endpoint('control');
  const connection = ['--url', `http://${host}:${port}`, '--token', CONTROL_TOKEN];
  const { stdout, thrown } = await runCommand(register, [...args, ...connection]);
  return { out: stdout.toString(), thrown };
}

const json = async (path: string): Promise<Record<string, unknown>> =>
  (await running.call('GET', path)).json as Record<string, unknown>;
const exported = async (): Promise<unknown[]> => (await json('/api/v1/redirections/active')).names as unknown[];

test('a pause of the redirection forwards every name and empties zones and exports, also after a restart', async () => {
  expect(await addressOf('site.example')).toBe('127.0.0.21');
  expect(await exported()).not.toEqual([]);
  const { out } = await command('pause', 'redirection', '--for', '10m', '--json');
  expect(JSON.parse(out)).toMatchObject({
    redirection: { paused: true, by: 'control' },
    localisation: { paused: false },
  });
  await eventually('the forwarded site', async () => (await addressOf('site.example')) === '192.0.2.99');
  await eventually('the forwarded tracker', async () => (await addressOf('tracker.example')) === '192.0.2.99');
  expect(await exported()).toEqual([]);
  const ready = await running.call('GET', '/readyz');
  expect(ready.status).toBe(200);
  expect(JSON.stringify(ready.json)).toContain('redirection is paused until 20');
  expect((await running.call('GET', '/metrics')).json).toContain(
    'alias_tracker_operation_paused{what="redirection"} 1',
  );

  await running.stop();
  running = await startLabApp(yaml, directory);
  expect(await addressOf('site.example')).toBe('192.0.2.99');
  expect((await command('operation')).out).toMatch(/^redirection +paused/m);

  expect((await command('resume', 'redirection')).out).toContain('resumed: redirection\n');
  await eventually('the redirected site', async () => (await addressOf('site.example')) === '127.0.0.21');
  expect(await exported()).not.toEqual([]);
});

test('a drain withdraws the names and readiness, but announces are answered', async () => {
  expect((await command('drain')).out).toMatch(/^drain +draining/m);
  const ready = await running.call('GET', '/readyz');
  expect(ready.status).toBe(503);
  expect(ready.json).toMatchObject({
    status: 'draining',
    reasons: [expect.stringContaining('this tracker is draining')],
  });
  await eventually('the forwarded site', async () => (await addressOf('site.example')) === '192.0.2.99');
  await running.announce('127.1.0.5', { infoHash: 'a'.repeat(40) });
  await eventually('the counted announce', async () => {
    const { drain } = (await json('/api/v1/operation')) as { drain: { announces: number } };
    return drain.announces === 1;
  });
  expect((await command('resume')).out).toContain('resumed: drain\n');
  expect((await running.call('GET', '/readyz')).status).toBe(200);
  expect((await command('resume')).out).toContain('nothing was paused\n');
});

async function explained(): Promise<string> {
  await running.announce('127.1.0.5', { infoHash: 'a'.repeat(40) });
  return JSON.stringify(await json(`/api/v1/explain?infoHash=${'a'.repeat(40)}&ip=127.1.0.5`));
}

test('localisation is paused on its own, at once and after a restart', async () => {
  expect(await explained()).not.toContain('is not localised');
  const answer = await running.call('POST', '/api/v1/pause', { body: { what: 'localisation', forSeconds: null } });
  expect(answer.json).toMatchObject({ localisation: { paused: true, until: null }, redirection: { paused: false } });
  expect(await addressOf('site.example')).toBe('127.0.0.21');
  await eventually('random answers', async () => (await explained()).includes('the household is not localised'));
  await running.stop();
  running = await startLabApp(yaml, directory);
  expect(await explained()).toContain('the household is not localised');
  expect((await running.call('POST', '/api/v1/pause', { body: { what: 'everything' } })).status).toBe(400);
  expect((await command('pause', 'localisation', '--for', 'soon')).thrown).toMatchObject({
    message: '--for is a duration with its unit, from 1s to 366d, such as 10m or 1h; not "soon"',
  });
  await command('resume', 'localisation');
  await eventually('localised answers', async () => !(await explained()).includes('is not localised'));
});

test('the log names who did what, from where, with which result; the latest first, in pages', async () => {
  await running.call('POST', '/api/v1/probes/nobody/release');
  const log = (await json('/api/v1/audit?limit=3')) as { entries: Record<string, unknown>[]; next: number };
  expect(log.entries.map(({ action, subject, result }) => [action, subject, result])).toEqual([
    ['probe-release', 'nobody', 'refused'],
    ['resume', 'localisation', 'done'],
    ['pause', 'localisation', 'done'],
  ]);
  expect(log.entries[0]).toMatchObject({
    actor: 'control',
    address: '127.0.0.1',
    details: { reason: 'no probe "nobody" has reported' },
  });
  expect(log.entries[2]!.details).toEqual({ request: { what: 'localisation', forSeconds: null } });
  const older = (await json(`/api/v1/audit?before=${log.next}&action=drain`)) as { entries: unknown[]; next: null };
  expect(older).toMatchObject({ entries: [{ action: 'drain' }], next: null });
  expect(await json('/api/v1/audit?to=2020-01-01T00:00:00Z')).toEqual({ entries: [], next: null });
  const { out } = await command('log', '--result', 'refused');
  expect(out).toContain('probe-release');
  expect(out).not.toContain('drain');
});

test('an alarm is shown with what to do, stored, counted, and sent when it begins and ends', async () => {
  // Those of the tests before, and of a busy machine, are of other subjects.
  const sent = (status: string) =>
    messages.find((each) => each.status === status && /"localisation"/.test(JSON.stringify(each)));
  await eventually('the end of earlier alarms', async () => !/operation-paused/.test((await command('alarms')).out));
  messages.length = 0;
  await command('pause', 'localisation');
  await eventually('the message', async () => sent('firing') !== undefined);
  expect(sent('firing')).toMatchObject({
    alerts: expect.arrayContaining([
      expect.objectContaining({
        labels: { alertname: 'operation-paused', severity: 'warning', subject: 'localisation' },
      }),
    ]),
  });
  const { open } = JSON.parse((await command('alarms', '--json')).out) as { open: { id: string }[] };
  const paused = open.find(({ id }) => id === 'operation-paused');
  expect(paused).toMatchObject({ remedy: 'end it with alias-tracker resume localisation' });
  expect((await running.call('GET', '/metrics')).json).toContain(
    'alias_tracker_alarms{id="operation-paused",severity="warning"} 1',
  );
  await command('resume');
  await eventually('the end', async () => sent('resolved') !== undefined);
  const { out } = await command('alarms', '--history');
  expect(out).toMatch(/^\S+Z +\S+Z +warning +operation-paused +operation: localisation is paused/m);
});

test('every call of an operator that changes something is logged', async () => {
  const { paths } = (await json('/api/v1/openapi.json')) as {
    paths: Record<string, Record<string, { security?: unknown; 'x-audit'?: string }>>;
  };
  const posts = Object.entries(paths).flatMap(([path, { post }]) => (post === undefined ? [] : [{ path, post }]));
  const reports = [
    '/api/v1/density',
    '/api/v1/users',
    '/api/v1/capability',
    '/api/v1/upstream/peers',
    '/api/v1/catalogue/torrents',
  ];
  expect(
    posts
      .filter(({ post }) => post['x-audit'] === undefined)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(reports.sort());
});
