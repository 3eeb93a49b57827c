/**
 * A disk that becomes full under a running tracker: a small file system of its own in a mount namespace. Announces go on,
 * readiness says so, reports are refused in a way that agents try again, and a stop that cannot save is not a success.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { requireFacility } from '../support/real-program.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const TOKEN = 'a-token-of-north';

/** A mount namespace needs root and unshare. */
const canMount = requireFacility(
  'a file system of its own needs root and unshare (util-linux)',
  spawnSync('unshare', ['--mount', 'true']).status === 0,
);

describe.runIf(canMount)('a full disk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-full-'));
  const disk = join(directory, 'disk');
  let serve: ChildProcess;
  let stderr = '';
  let tracker: number;
  let control: number;
  let sequence = 0;

  beforeAll(async () => {
    mkdirSync(disk);
    tracker = await freePort();
    control = await freePort();
    writeFileSync(
      join(directory, 'tracker.yaml'),
      `
operator:
  name: Full
  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ]
  subdomains: [ { id: north, prefixes: [127.1.0.0/17] } ]
tracker: { listen: ["udp://127.0.0.1:${tracker}"], snapshotEvery: 1s }
upstream: { exchange: false }
control: { listen: "http://127.0.0.1:${control}", token: a-control-token }
reports: { probes: [ { id: dp-north, subdomains: [north], token: ${TOKEN} } ] }
storage: { directory: disk/data }
lab: true
`,
    );
    const script = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" "$3" serve --config "$4"';
    serve = spawn(
      'unshare',
      [
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        'sh',
        disk,
        process.execPath,
        MAIN,
        join(directory, 'tracker.yaml'),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    serve.stderr!.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    await once(serve.stdout!, 'data');
  });

  afterAll(() => {
    serve.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  /** The tracker's own view of its disk. */
  const filler = (): string => join(`/proc/${serve.pid}/root`, disk, 'filler');

  function fill(): void {
    for (const size of [1 << 20, 4_096]) {
      try {
        for (;;) writeFileSync(filler(), new Uint8Array(size), { flag: 'a' });
      } catch {}
    }
  }

  const ready = async (): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`http://127.0.0.1:${control}/readyz`);
    return { status: answer.status, text: await answer.text() };
  };

  const report = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${control}/api/v1/density`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        probe: 'dp-north',
        sequence: ++sequence,
        periodStart: new Date(Date.now() - 60_000).toISOString(),
        periodSeconds: 60,
        subdomains: [{ id: 'north', bytes: 1_000, users: 10 }],
      }),
    });

  const announce = (from: string) =>
    announceOverUdp({
      tracker: { host: '127.0.0.1', port: tracker },
      localAddress: from,
      port: 6881,
      peerId: `-FD0000-${from}`.padEnd(20, '-').slice(0, 20),
      infoHash: 'a'.repeat(40),
      leftBytes: 1_000,
      event: 'started',
    } as Parameters<typeof announceOverUdp>[0]);

  test('is said by readiness, and refuses reports so that they come again, while announces go on', async () => {
    await announce('127.1.0.5');
    expect((await ready()).status).toBe(200);
    expect((await report()).status).toBe(202);
    fill();
    const refused = await report();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await ready()).toEqual({ status: 503, text: expect.stringMatching(/storage: .*cannot be written/) });
    expect((await announce('127.1.0.6')).peers).toEqual([{ host: '127.1.0.5', port: 6881 }]);

    rmSync(filler());
    await eventually('readiness', async () => (await ready()).status === 200);
    expect((await report()).status).toBe(202);
  });

  test('without a report, too', async () => {
    fill();
    await eventually('the fault', async () => (await ready()).status === 503);
  });

  test('makes a stop that could not save the swarms a failure', async () => {
    serve.kill('SIGTERM');
    const [code] = (await once(serve, 'exit')) as [number];
    expect(code).toBe(1);
    expect(stderr).toMatch(/stopped; .*cannot write the swarm snapshot/);
  });
});
