/** The whole program with a real client as its cache: what the operator sees of it, and what happens when it stops answering. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CacheStatus } from '../../src/caches/api/cache-routes.js';
import type { CacheDaemon } from '../support/caches/cache-daemon.js';
import { transmissionDaemon } from '../support/caches/transmission-daemon.js';
import { freePort } from '../support/free-port.js';
import { requireProgram } from '../support/real-program.js';
import { Served } from '../support/served-process.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const TOKEN = 'the-control-token';
const program = requireProgram('transmission-daemon');

describe.skipIf(program === undefined)('a cache', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-caches-'));
  let daemon: CacheDaemon;
  let served: Served;
  let control: string;

  beforeAll(async () => {
    daemon = await transmissionDaemon(program!, directory);
    await daemon.start();
    control = `http://127.0.0.1:${await freePort()}`;
    served = await Served.start(`
operator: { name: N, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
billing: { schedule: [ { name: always, from: "00:00", to: "24:00", rateFactor: 0.5 } ] }
tracker: { listen: ["udp://127.0.0.1:0"] }
upstream: { exchange: false }
control: { listen: "${control}", token: ${TOKEN} }
storage: { directory: data }
lab: true
caches:
  - name: pop-north
    address: 127.1.0.9
    client: transmission
    url: "${daemon.url}"
    user: alias
    password: the-password
    quota: 4TB
    allow: { names: ["*"] }
`);
  });
  afterAll(async () => {
    await served?.stop();
    await daemon?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const get = async (path: string): Promise<string> =>
    (await fetch(`${control}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
  const status = async (): Promise<CacheStatus> => JSON.parse(await get('/api/v1/caches')).caches[0];
  const command = (...args: string[]) => {
    const { ALIAS_TRACKER_CONFIG: _, ...env } = process.env;
    const more = { ALIAS_TRACKER_URL: control, ALIAS_TRACKER_TOKEN: TOKEN };
    return spawnSync(process.execPath, [MAIN, 'cache', 'status', ...args], {
      encoding: 'utf8',
      env: { ...env, ...more },
    });
  };

  test('that answers is shown by API, command, metrics and page', async () => {
    await served.until('the cache answers', async () => (await status()).health === 'up');
    expect(await status()).toMatchObject({
      name: 'pop-north',
      addresses: ['127.1.0.9'],
      client: expect.stringMatching(/^Transmission \d/),
      peerPort: daemon.peerPort,
      heldBytes: 0,
      quotaBytes: 4e12,
      freeBytes: expect.any(Number),
      error: null,
      window: { open: true, period: 'always' },
    });
    const table = command();
    expect([table.status, table.stderr]).toEqual([0, '']);
    expect(table.stdout).toMatch(/pop-north\s+up\s+Transmission \d\S*\s+0\s+0\s+0\s+0.0 GB\s+4000.0 GB/);
    expect(JSON.parse(command('--json').stdout).caches[0].health).toBe('up');
    expect(await get('/metrics')).toContain('alias_tracker_cache_up{cache="pop-north"} 1');
    expect(await get('/upstream')).toContain('pop-north');
  });

  test('that accepts connections and never answers is down after two calls, and up again once it answers', async () => {
    daemon.signal('SIGSTOP');
    try {
      await served.until('it is down', async () => (await status()).health === 'down');
      const { error } = await status();
      expect(error).toContain('cache pop-north: Transmission at http://127.0.0.1:');
      expect(error).toContain('does not answer within 5 s');
      expect(await get('/readyz')).toContain('does not answer within 5 s');
      expect(await get('/metrics')).toContain('alias_tracker_cache_up{cache="pop-north"} 0');
      const { status: exitCode, stderr, stdout } = command();
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/pop-north\s+down/);
      expect(stderr).toContain('does not answer within 5 s; look at the load');
    } finally {
      daemon.signal('SIGCONT');
    }
    await served.until('it is up again', async () => (await status()).health === 'up');
    expect(served.log.map(({ msg }) => msg).join('\n')).toContain('it is taken out of answers until it answers again');
  });
});
