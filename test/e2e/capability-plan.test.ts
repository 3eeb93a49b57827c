/** What a node says of itself is cut down to the operator's plan, from the configuration and its address plan to the API. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.js';
import { LAB_CONFIG, PROBE_NORTH, type RunningApp, startLabApp } from '../support/lab-app.js';

const SAID_BPS = 50_000_000_000;
const CACHE = '127.1.0.99';
const yaml = LAB_CONFIG.replace(
  / {2}subdomains:\n.*\n.*\n/,
  `  subdomains: { file: plan.csv }\n  caches: [ { address: ${CACHE}, uplinkBpsMax: 20000000000 } ]\n`,
);

let running: RunningApp;
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-plan-'));
afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** @returns what was believed */
async function uplinkOf(address: string): Promise<number> {
  const body = { address, port: 6881, availableUplinkBps: SAID_BPS };
  const answer = await running.call('POST', '/api/v1/capability', { body });
  expect(answer).toMatchObject({ status: 202, json: { accepted: 1, clamped: [{ clamped: ['availableUplinkBps'] }] } });
  const { json } = await running.call('GET', '/api/v1/capability');
  const { nodes } = json as { nodes: { address: string; availableUplinkBps: number }[] };
  return nodes.find((node) => node.address === address)!.availableUplinkBps;
}

it('by the line of its part of a sub-domain, by the limit of the cache, else by the limit of all; a reload counts at once', async () => {
  const file = join(directory, 'plan.csv');
  writeFileSync(file, '127.1.0.0/17,north,,40000000\n127.1.64.0/24,north,,600000000\n127.1.128.0/17,south\n');
  running = await startLabApp(yaml, directory);
  expect(await uplinkOf('127.1.0.7')).toBe(40_000_000);
  expect(await uplinkOf('127.1.64.7')).toBe(600_000_000);
  expect(await uplinkOf('127.1.128.7')).toBe(1_000_000_000);
  expect(await uplinkOf(CACHE)).toBe(20_000_000_000);

  writeFileSync(file, '127.1.0.0/17,north,,80000000\n127.1.128.0/17,south,,90000000\n');
  const storage = `storage: { directory: ${join(directory, 'data')} }\n`;
  await running.app.reload(parseConfig(`${yaml}${storage}`, { file: 'lab.yaml', baseDirectory: directory }));
  expect(await uplinkOf('127.1.64.7')).toBe(80_000_000);
  expect(await uplinkOf('127.1.128.7')).toBe(90_000_000);

  // A probe's token is not an operator's: it may not speak for a node.
  const body = { address: '127.1.0.7', port: 6881, availableUplinkBps: 1 };
  const refused = await running.call('POST', '/api/v1/capability', { token: PROBE_NORTH, body });
  expect(refused.status).toBe(403);
});

it('of the operator’s networks only: a node outside is refused', async () => {
  running = await startLabApp();
  const { host, port } = running.endpoint('control');
  const reportFrom = (localAddress: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const call = request(
        { host, port, path: '/api/v1/capability', method: 'POST', localAddress, headers },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += String(chunk);
          });
          answer.on('end', () => resolve({ status: answer.statusCode!, text }));
        },
      );
      call.on('error', reject).end('{"cpuUtilisation":0.1}');
    });
  expect((await reportFrom('127.1.0.5')).status).toBe(202);
  const outside = await reportFrom('127.4.0.5');
  expect(outside.status).toBe(403);
  expect(JSON.parse(outside.text)).toMatchObject({ field: 'address', detail: expect.stringContaining('127.4.0.5') });
  const { json } = await running.call('GET', '/api/v1/capability');
  expect(json).toMatchObject({ total: 1, nodes: [{ address: '127.1.0.5' }] });
});
