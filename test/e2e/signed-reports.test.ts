/** Signed reports as docs/reports.md has them, with the tools it names, against a running tracker and over its restart. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { signRequest } from '../../src/control-api/request-signature.js';
import { sha256Hex } from '../../src/control-api/token-directory.js';
import { PATIENCE_MS } from '../support/eventually.js';
import { LAB_CONFIG, PROBE_NORTH, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireProgram } from '../support/real-program.js';

const tools = ['openssl', 'curl'].map(requireProgram);

test.skipIf(tools.includes(undefined))('the example of the documentation is accepted', async () => {
  const running = await startLabApp();
  try {
    const { host, port } = running.endpoint('control');
    const example = /```sh\n(body=[^`]*)```/.exec(readFileSync('docs/reports.md', 'utf8'))![1]!;
    const periodStart = new Date(Date.now() - 300_000).toISOString();
    const script = example.replace('127.0.0.1:8090', `${host}:${port}`).replace('2026-11-22T10:05:00Z', periodStart);
    const env = { ...process.env, TOKEN: PROBE_NORTH };
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env, timeout: PATIENCE_MS });
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 1, duplicate: false });
  } finally {
    await running.stop();
  }
});

test('a signature cannot be used again after a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-signed-'));
  const body = JSON.stringify({ subdomains: [{ id: 'north', users: 7 }] });
  const path = '/api/v1/users';
  const headers = {
    'content-type': 'application/json',
    ...signRequest(sha256Hex(PROBE_NORTH), { method: 'POST', path, probe: 'dp-north', body }, Date.now(), 'nonce-e2e'),
  };
  const post = async (running: RunningApp): Promise<number> => {
    const { host, port } = running.endpoint('control');
    return (await fetch(`http://${host}:${port}${path}`, { method: 'POST', headers, body })).status;
  };
  try {
    const first = await startLabApp(LAB_CONFIG, directory);
    expect(await post(first)).toBe(202);
    await first.stop();
    const second = await startLabApp(LAB_CONFIG, directory);
    expect(await post(second)).toBe(401);
    await second.stop();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
