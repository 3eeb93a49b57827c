/** The operator's view of a running application: page, metrics, lists, and a token that is made beside it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../src/control-api/token-directory.js';
import { databaseFile } from '../../src/store/database-file.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { TokensStore } from '../../src/store/sqlite/tokens-store.js';
import { eventually } from '../support/eventually.js';
import { CONTROL_TOKEN, type RunningApp, startLabApp } from '../support/lab-app.js';

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
let running: RunningApp;
beforeEach(async () => {
  running = await startLabApp();
});
afterEach(async () => {
  await running.stop();
});

test('the page shows swarms, the inner share and probes of the running tracker', async () => {
  await running.announce('127.1.0.1', { infoHash: HASH, port: 6881, leftBytes: 0 });
  await running.announce('127.1.0.2', { infoHash: HASH, port: 6881, leftBytes: 5 });
  const { host, port } = running.endpoint('control');
  const headers = { authorization: `Basic ${Buffer.from(`me:${CONTROL_TOKEN}`).toString('base64')}` };
  const pageOf = async (path: string): Promise<string> =>
    (await fetch(`http://${host}:${port}${path}`, { headers })).text();
  const expected: [string, string][] = [
    ['/', '100 %'],
    ['/torrents?show=announced', HASH],
    ['/probes', 'dp-north'],
    ['/probes', 'never-reported'],
  ];
  for (const [path, text] of expected) {
    let page = '';
    const shown = async (): Promise<boolean> => {
      page = await pageOf(path);
      return page.includes(text);
    };
    await eventually(`${text} on ${path}`, shown, { found: () => page });
  }
  const metrics = await (await fetch(`http://${host}:${port}/metrics`, { headers })).text();
  expect(metrics).toMatch(/alias_tracker_\w*announces\w*\{[^}]*\} 2/);
});

test('a token that the command line makes opens the API of the running process, until it is revoked', async () => {
  const report = {
    probe: 'dp-new',
    sequence: 1,
    periodStart: new Date(Date.now() - 60_000).toISOString(),
    periodSeconds: 60,
    subdomains: [{ id: 'north', bytes: 6_000_000, users: 10 }],
  };
  const post = async (sequence: number) =>
    (await running.call('POST', '/api/v1/density', { token: 'made-beside', body: { ...report, sequence } })).status;
  expect(await post(1)).toBe(401);
  const beside = openDatabase(databaseFile(running.config));
  try {
    const tokens = new TokensStore(beside);
    const tokenSha256 = sha256Hex('made-beside');
    const subdomains = ['north'];
    tokens.add({
      tokenId: 't',
      kind: 'probe',
      subject: 'dp-new',
      subdomains,
      tokenSha256,
      createdMs: 1,
      revokedMs: null,
    });
    expect(await post(1)).toBe(202);
    tokens.revoke('t', 2);
    expect(await post(2)).toBe(401);
  } finally {
    beside.close();
  }
});
