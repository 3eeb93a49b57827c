/** A crash at any point loses no acknowledged report: the process that takes them is killed in the middle of a load. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const SERVER = fileURLToPath(new URL('reports-server.mjs', import.meta.url));
const SENDERS = 6;
const KILL_AFTER_REPORTS = 120;
const MAX_REPORTS = 20_000;

let child: ChildProcess | undefined;
let directory: string | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  if (directory !== undefined) rmSync(directory, { recursive: true });
});

async function startServer(databaseFile: string): Promise<string> {
  child = spawn(process.execPath, [SERVER, databaseFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout! })) return `http://127.0.0.1:${line}`;
  throw new Error('the server ended before it listened');
}

const post = (url: string, path: string, json: unknown): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer control', 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });

function report(sequence: number): object {
  const periodStart = new Date(Date.now() - 10_000).toISOString();
  const subdomains = [{ id: `s${sequence % 50}`, bytes: sequence, users: 10 }];
  return { probe: `p${sequence % 7}`, sequence, periodStart, periodSeconds: 10, subdomains };
}

test('after kill -9 in the middle of a load, every report that was answered with 202 is there', async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-crash-'));
  const databaseFile = join(directory, 'crash.sqlite');
  const acknowledged: number[] = [];
  const capable: string[] = [];
  let sequence = 0;
  for (let round = 0; round < 2; round++) {
    const url = await startServer(databaseFile);
    const running = child!;
    const killAt = acknowledged.length + KILL_AFTER_REPORTS;
    const send = async (): Promise<void> => {
      try {
        while (sequence < MAX_REPORTS) {
          const mine = ++sequence;
          const address = `10.0.${mine >> 8}.${mine & 255}`;
          const [density, capability] = await Promise.all([
            post(url, '/api/v1/density', report(mine)),
            post(url, '/api/v1/capability', { address, availableUplinkBps: mine }),
          ]);
          if (density.status === 202) acknowledged.push(mine);
          if (capability.status === 202) capable.push(address);
          if (acknowledged.length >= killAt) running.kill('SIGKILL');
        }
      } catch {
        // The server is gone: what was not answered is not owed.
      }
    };
    await Promise.all([...Array.from({ length: SENDERS }, send), once(running, 'exit')]);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(2 * KILL_AFTER_REPORTS);

  const url = await startServer(databaseFile);
  const again = await post(url, '/api/v1/density', acknowledged.map(report));
  expect(again.status).toBe(202);
  expect(await again.json()).toMatchObject({ accepted: 0, duplicate: true, duplicates: acknowledged.length });
  const known = await fetch(`${url}/api/v1/capability`, { headers: { authorization: 'Bearer control' } });
  const { nodes } = (await known.json()) as { nodes: { address: string; availableUplinkBps: number }[] };
  const addresses = new Set(nodes.map((node) => node.address));
  expect(capable.filter((address) => !addresses.has(address))).toEqual([]);
});
