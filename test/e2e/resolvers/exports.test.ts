/**
 * Resolvers on exported files, written by `alias-tracker dns export --watch --reload` beside a running tracker: what users get,
 * how fast changes arrive, and what happens when the tracker dies. The matrix is printed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatEndpoint } from '../../../src/net/endpoint.js';
import { freePort } from '../../support/free-port.js';
import { requireProgram } from '../../support/real-program.js';
import { ask } from '../../support/resolvers/ask.js';
import {
  bindForward,
  bindOptions,
  powerdnsSettings,
  unboundServer,
  unboundStub,
} from '../../support/resolvers/daemon-configs.js';
import { type Daemon, ORIGINAL, startDaemon, startOriginals, stopDaemons } from '../../support/resolvers/daemons.js';
import {
  becomes,
  CLIENTS,
  checkRows,
  EXEMPT,
  formatMatrix,
  INNER,
  type Matrix,
  MIRROR,
  note,
  TRACKER,
} from '../../support/resolvers/expectations.js';
import { ServeProcess } from '../../support/serve-process.js';

const PROGRAMS = ['named', 'rndc', 'unbound', 'unbound-control', 'pdns_recursor', 'rec_control', 'kresd', 'dnsmasq'];
const missing = PROGRAMS.filter((program) => requireProgram(program) === undefined);
const MAIN = join(import.meta.dirname, '../../../dist/cli/main.js');
const TOKEN = 'the-control-token';
const RNDC_KEY = 'key "rndc" { algorithm hmac-sha256; secret "c2VjcmV0LW9mLXRoZS1sYWItMTIzNDU2Nzg5MA=="; };';

const matrix: Matrix = new Map();
const daemons = new Map<string, Daemon>();
const watchers: ChildProcess[] = [];
const directory = mkdtempSync(join(tmpdir(), 'exports-'));
let originals: Daemon;
let tracker: ServeProcess;

const at = (name: string): Daemon['endpoint'] => daemons.get(name)!.endpoint;
const path = (name: string): string => join(directory, name);

function config(ports: { control: number; mirror: number; tracker: number }, sites: readonly string[]): object {
  return {
    operator: { name: 'Lab', networks: [{ asn: 64500, prefixes: [CLIENTS, '203.0.113.0/24'] }] },
    tracker: { listen: [`http://127.0.0.1:${ports.tracker}`] },
    mirrorSite: { listen: `http://127.0.0.1:${ports.mirror}` },
    upstream: { exchange: false, resolvers: [formatEndpoint(originals.endpoint)] },
    dnsRedirect: {
      listen: [],
      // The addresses are nobody's.
      healthChecks: false,
      clients: [CLIENTS, '2001:db8:100::/48'],
      optOut: [`${EXEMPT}/32`],
      mirrorAddresses: [MIRROR.A, MIRROR.AAAA],
      trackerAddresses: [TRACKER],
      sites,
      trackers: ['tracker.popular.example'],
      ttl: '1s',
    },
    control: { listen: `http://127.0.0.1:${ports.control}`, token: TOKEN },
    logging: { level: 'warn' },
  };
}

function exportOf(format: string, out: string, ...more: string[]): string[] {
  return [MAIN, 'dns', 'export', '--format', format, '-o', path(out), '--config', tracker.configFile, ...more];
}

function watch(format: string, out: string, reload: string): void {
  const words = exportOf(format, out, '--watch', '--reload', reload);
  watchers.push(spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

/** What each daemon needs besides the exported files. */
async function startAll(): Promise<void> {
  const upstream = originals.endpoint.port;
  const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const here = (i: number): Daemon['endpoint'] => ({ host: '127.0.0.1', port: ports[i]! });
  const [bind, unbound, powerdns, knot, dnsmasq] = await Promise.all([
    startDaemon('named', here(0), (own) => ({
      'rndc.key': RNDC_KEY,
      'named.conf': `${RNDC_KEY}
        controls { inet 127.0.0.1 port ${ports[5]} allow { 127.0.0.1; } keys { "rndc"; }; };
        options { ${bindOptions(own, here(0))} include "${path('bind-options.conf')}"; };
        include "${path('bind.conf')}";
        ${bindForward(upstream)}`,
    })),
    startDaemon('unbound', here(1), (own) => ({
      'unbound.conf': `${unboundServer(own, here(1))}
remote-control:
  control-enable: yes
  control-interface: ${own}/control
  control-use-cert: no
${unboundStub(upstream)}include-toplevel: "${path('unbound.conf')}"
`,
    })),
    startDaemon('pdns_recursor', here(2), (own) => ({
      'recursor.conf': `lua-config-file=${path('powerdns.lua')}
lua-dns-script=${path('powerdns-clients.lua')}
packetcache-ttl=1
${powerdnsSettings(own, here(2), upstream)}`,
    })),
    startDaemon('kresd', here(3), () => ({
      'kresd.conf': `net.listen('127.0.0.1', ${ports[3]}, { kind = 'dns' })
modules.unload('ta_update'); modules.unload('ta_signal_query'); modules.unload('priming'); modules.unload('detect_time_skew')
trust_anchors.remove('.')
cache.size = 10 * MB
dofile('${path('knot.lua')}')
policy.add(policy.all(policy.STUB('127.0.0.1@${upstream}')))
`,
    })),
    startDaemon('dnsmasq', here(4), () => ({
      'dnsmasq.conf': `port=${ports[4]}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
server=127.0.0.1#${upstream}
user=root
conf-file=${path('dnsmasq.conf')}
`,
    })),
  ]);
  const all = { BIND: bind, Unbound: unbound, 'PowerDNS Recursor': powerdns, 'Knot Resolver': knot, dnsmasq };
  for (const [name, daemon] of Object.entries(all)) daemons.set(name, daemon);
  watch('bind', 'bind.conf', `rndc -s 127.0.0.1 -p ${ports[5]} -k ${bind.directory}/rndc.key reload`);
  const control = `unbound-control -c ${unbound.directory}/unbound.conf auth_zone_reload`;
  watch('unbound', 'unbound.conf', `${control} rpz-exempt.alias-tracker && ${control} rpz.alias-tracker`);
  watch('powerdns', 'powerdns.lua', `rec_control --socket-dir=${powerdns.directory} reload-lua-config`);
  watch('knot', 'knot.lua', 'true');
  watch('dnsmasq', 'dnsmasq.conf', `kill -HUP ${dnsmasq.pid}`);
}

describe.skipIf(missing.length > 0)('resolvers on exported files', () => {
  let ports: { control: number; mirror: number; tracker: number };

  function reconfigure(sites: readonly string[]): void {
    tracker.configure({ ...config(ports, sites) });
    tracker.signal('SIGHUP');
  }

  beforeAll(async () => {
    originals = await startOriginals();
    ports = { control: await freePort(), mirror: await freePort(), tracker: await freePort() };
    tracker = new ServeProcess({ ...config(ports, ['popular.example']) });
    await tracker.start();
    const endings = { bind: 'conf', unbound: 'conf', dnsmasq: 'conf', knot: 'lua', powerdns: 'lua' };
    await Promise.all(
      Object.entries(endings).map(([format, ending]) =>
        promisify(execFile)(process.execPath, exportOf(format, `${format}.${ending}`)),
      ),
    );
    await startAll();
  });
  afterAll(async () => {
    console.log(`\n${formatMatrix(matrix)}\n`);
    for (const watcher of watchers) watcher.kill();
    await tracker?.close();
    await stopDaemons();
    rmSync(directory, { recursive: true, force: true });
  });

  test('redirect whom they should, and nothing else', async () => {
    const wrong: string[] = [];
    for (const name of daemons.keys()) {
      // It knows no clients.
      const known = { 'A for a client that opted out': MIRROR.A, 'A for a client outside `clients`': MIRROR.A };
      wrong.push(...(await checkRows(matrix, name, at(name), name === 'dnsmasq' ? known : {})));
    }
    expect(wrong).toEqual([]);
  });

  test('CNAME chains that lead to a redirected name', async () => {
    for (const name of daemons.keys()) {
      const first = await ask(at(name), 'alias.example', 'A', { from: INNER });
      const cached = await ask(at(name), 'alias.example', 'A', { from: INNER });
      const cell =
        cached === MIRROR.A ? 'yes' : first === MIRROR.A ? 'the first time; then the original' : 'the original';
      note(matrix, 'a CNAME chain to it', name, cell);
      if (name === 'BIND' || name === 'PowerDNS Recursor') expect(cell).toBe('yes');
      // No user is sent to nobody.
      expect([MIRROR.A, ORIGINAL.A]).toContain(cached);
    }
  });

  test('a change of the configuration arrives, and a withdrawal', async () => {
    // The first change waits for the start of the exports, which is not measured.
    reconfigure(['popular.example', 'signed.example']);
    for (const name of daemons.keys()) await becomes(at(name), 'signed.example', MIRROR.A, performance.now());
    reconfigure(['popular.example', 'later.example']);
    let since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(matrix, 'a new name arrives after', name, await becomes(at(name), 'later.example', MIRROR.A, since)),
      ),
    );
    reconfigure(['later.example']);
    since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(
          matrix,
          'a removed name is gone after',
          name,
          await becomes(at(name), 'popular.example', ORIGINAL.A, since),
        ),
      ),
    );
  });

  test('the tracker dies: nothing is redirected until it is back', async () => {
    await tracker.stop();
    let since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(
          matrix,
          'the tracker dies: original after',
          name,
          await becomes(at(name), 'later.example', ORIGINAL.A, since),
        ),
      ),
    );
    await tracker.start();
    since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(matrix, 'it is back: redirected after', name, await becomes(at(name), 'later.example', MIRROR.A, since)),
      ),
    );
  });
});
