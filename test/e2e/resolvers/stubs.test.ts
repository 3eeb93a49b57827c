/**
 * What users' programs get from the own server, each with its own stub resolver, in a network where their addresses and
 * those of the redirection are real; and systemd-resolved in front of it.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { answerOf, type Closing } from '../../support/dns/daemon.js';
import { type SignedWorld, startSignedWorld } from '../../support/dns/signed-world.js';
import {
  buildStubs,
  NOTHING,
  STUB_PROGRAMS,
  type Stub,
  withResolvConf,
  writeResolvConf,
} from '../../support/dns/stubs.js';
import { requireSystemdResolved, startSystemdResolved } from '../../support/dns/systemd-resolved.js';
import { ownNetwork } from '../../support/own-network.js';
import { requireProgram } from '../../support/real-program.js';
import { Served } from '../../support/served-process.js';

const INNER = '203.0.113.77';
const EXEMPT = '203.0.113.99';
const FOREIGN = '198.51.100.9';
/** The server's addresses. Which of them a program asks decides from which address it asks: see `beforeAll`. */
const SERVER_FOR = { [INNER]: '203.0.113.53', [EXEMPT]: '203.0.113.54', [FOREIGN]: '203.0.113.55' } as const;
/** Where a server does not redirect signed names, this one does. */
const REDIRECTS_SIGNED = '203.0.113.56';
const MIRROR = ['2001:db8:100::20', '203.0.113.20'];
const TRACKER = '203.0.113.21';
const ORIGINAL = ['198.51.100.80', '2001:db8:f00::80'];
const NEIGHBOUR = '198.51.100.81';
const SERVERS = [...Object.values(SERVER_FOR), REDIRECTS_SIGNED];
const WEB = [...MIRROR, TRACKER, ...ORIGINAL, NEIGHBOUR];
const METRICS = { leave: 'http://127.0.0.1:8090', redirect: 'http://127.0.0.1:8091' } as const;

const programs = [...STUB_PROGRAMS, 'dig', 'named', 'dnssec-signzone'].map((name) => requireProgram(name));
const browserPath = requireProgram('chromium');
const resolved = requireSystemdResolved();
const network = await ownNetwork({
  interfaces: [...SERVERS, ...WEB, INNER, EXEMPT],
  // The addresses of this machine may always ask, so a stranger's is none. Chromium asks for IPv6 addresses only where there
  // is a route to the second one.
  reachable: [`${FOREIGN}/32`, '2001:4860:4860::/48'],
});

function config(signedNames: keyof typeof METRICS, listen: readonly string[], upstream: Endpoint): string {
  return `
operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { listen: ["udp://${TRACKER}:${signedNames === 'leave' ? 6969 : 6970}"] }
dnsRedirect:
  listen: [${listen.map((host) => `"${host}:53"`)}]
  upstreamResolvers: ["${upstream.host}:${upstream.port}"]
  clients: [203.0.113.0/24]
  optOut: [${EXEMPT}/32]
  mirrorAddresses: [${MIRROR.map((address) => `"${address}"`)}]
  trackerAddresses: [${TRACKER}]
  healthChecks: false
  signedNames: ${signedNames}
  sites: [popular.example, signedsite.example]
  trackers: [tracker.popular.example]
upstream: { exchange: false }
control: { listen: "${METRICS[signedNames]}" }
lab: true
`;
}

/** Answers with its own address. */
async function startWebServer(host: string): Promise<Server> {
  const server = createServer((_, response) => response.end(`${host}\n`));
  await once(server.listen({ host, port: 80 }), 'listening');
  return server;
}

async function questions(): Promise<number> {
  const text = await (await fetch(`${METRICS.leave}/metrics`)).text();
  return Number(/^alias_tracker_dns_queries_total (\d+)/m.exec(text)![1]);
}

function ip(...words: string[]): void {
  execFileSync('ip', words);
}

const directory = mkdtempSync(join(tmpdir(), 'stubs-'));
const closing: Closing[] = [];
let world: SignedWorld;

async function startServers(): Promise<void> {
  // Without an interface besides loopback that has an address, Chromium and systemd-resolved believe to be offline.
  ip('link', 'add', 'user0', 'type', 'veth', 'peer', 'name', 'user1');
  for (const side of ['user0', 'user1']) ip('link', 'set', side, 'up');
  ip('address', 'add', `${INNER}/32`, 'dev', 'user0');
  for (const [client, server] of Object.entries(SERVER_FOR)) {
    ip('route', 'replace', 'local', server, 'dev', 'lo', 'src', client, 'table', 'local');
  }
  world = await startSignedWorld(closing);
  const listening = { leave: Object.values(SERVER_FOR), redirect: [REDIRECTS_SIGNED] };
  for (const signedNames of ['leave', 'redirect'] as const) {
    const served = await Served.start(config(signedNames, listening[signedNames], world));
    closing.push(() => served.stop());
  }
  for (const address of WEB) {
    const server = await startWebServer(address);
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
    });
  }
}

describe.skipIf(network === undefined || programs.includes(undefined))('users of the own server', () => {
  let stubs: readonly Stub[];
  const files = new Map<string, string>();
  const resolvConf = (client: keyof typeof SERVER_FOR): string => files.get(client)!;

  beforeAll(async () => {
    for (const [client, server] of Object.entries(SERVER_FOR)) {
      // musl waits as long as it may where it is refused.
      files.set(client, writeResolvConf(directory, server, client === FOREIGN ? 1 : undefined));
    }
    stubs = buildStubs(directory);
    await startServers();
  });
  afterAll(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    network!.leave();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What each of them gets. curl connects to one of the addresses; which one is its choice. */
  async function everyStub(
    client: keyof typeof SERVER_FOR,
    name: string,
    addresses: readonly string[],
    family: 'both' | 'IPv6' = 'both',
  ): Promise<void> {
    const got: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const stub of stubs) {
      const answer = await stub.resolve(resolvConf(client), name, family);
      got[stub.name] = answer;
      wanted[stub.name] = stub.name === 'curl' && addresses.includes(answer) ? answer : addresses.join(', ');
    }
    expect(got).toEqual(wanted);
  }

  test('get our addresses for redirected names, of both families', async () => {
    await everyStub(INNER, 'popular.example', MIRROR);
    await everyStub(INNER, 'popular.example', [MIRROR[0]!], 'IPv6');
    await everyStub(INNER, 'alias.plain.example', MIRROR);
    await everyStub(INNER, 'tracker.popular.example', [TRACKER]);
  });

  test('get their own addresses for names beside them, and none for names that do not exist', async () => {
    await everyStub(INNER, 'api.popular.example', [NEIGHBOUR]);
    await everyStub(INNER, 'nowhere.popular.example', [NOTHING]);
  });

  test.each(['api.popular.example', 'tracker.popular.example', 'nowhere.popular.example'])(
    'of %s, which has no IPv6 address, nobody waits for one: each question is asked once',
    async (name) => {
      await everyStub(INNER, name, [NOTHING], 'IPv6');
      const asked: Record<string, number> = {};
      for (const stub of stubs) {
        const before = await questions();
        await stub.resolve(resolvConf(INNER), name, 'both');
        asked[stub.name] = (await questions()) - before;
      }
      expect(asked).toEqual(Object.fromEntries(stubs.map((stub) => [stub.name, 2])));
    },
  );

  test('who opted out gets the originals, and strangers nothing at all', async () => {
    await everyStub(EXEMPT, 'popular.example', ORIGINAL);
    await everyStub(FOREIGN, 'popular.example', [NOTHING]);
    await everyStub(FOREIGN, 'api.popular.example', [NOTHING]);
    const statusOf = async (client: keyof typeof SERVER_FOR): Promise<string> =>
      answerOf({ host: SERVER_FOR[client], port: 53 }, 'api.popular.example');
    expect(await statusOf(FOREIGN)).toBe('REFUSED');
    expect(await statusOf(INNER)).toBe(`NOERROR: A ${NEIGHBOUR}`);
  });

  describe.skipIf(browserPath === undefined)('in Chromium, with its own resolver,', () => {
    // It goes on without an HTTPS record that comes a little later than the addresses; here it waits for it.
    const wait = ['Min', 'Max'].map((bound) => `UseDnsHttpsSvcbInsecureExtraTime${bound}/30s`).join('/');
    const FEATURES = `AsyncDns,UseDnsHttpsSvcb:${wait}`;
    const browsers: Browser[] = [];
    afterAll(async () => {
      for (const browser of browsers) await browser.close();
    });

    async function open(client: keyof typeof SERVER_FOR): Promise<Page> {
      const wrapper = join(directory, `chromium-${client}`);
      const [program, words] = withResolvConf(resolvConf(client), browserPath!);
      const quoted = [program, ...words].map((word) => `'${word}'`).join(' ');
      writeFileSync(wrapper, `#!/bin/sh\nexec ${quoted} "$@"\n`);
      chmodSync(wrapper, 0o755);
      const browser = await chromium.launch({
        executablePath: wrapper,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', `--enable-features=${FEATURES}`],
      });
      browsers.push(browser);
      return browser.newPage();
    }

    async function shown(page: Page, name: string): Promise<string> {
      try {
        await page.goto(`http://${name}/`);
        return ((await page.textContent('body')) ?? '').trim();
      } catch (thrown) {
        return /net::(\w+) at (.*)/.exec(String(thrown))?.slice(1).join(' ') ?? String(thrown);
      }
    }

    test('inner users see the mirror, not what the HTTPS record of the original says', async () => {
      const page = await open(INNER);
      expect(MIRROR).toContain(await shown(page, 'popular.example'));
      expect(await shown(page, 'tracker.popular.example')).toBe(TRACKER);
      expect(await shown(page, 'api.popular.example')).toBe(NEIGHBOUR);
      expect(await shown(page, 'nowhere.popular.example')).toContain('ERR_NAME_NOT_RESOLVED');
      // It does read these records: that of a name that is not redirected takes it to https, where nobody listens.
      expect(await shown(page, 'plain.example')).toContain('ERR_CONNECTION_REFUSED');
    });

    test('who opted out is led to the original as its HTTPS record says, and strangers nowhere', async () => {
      expect(await shown(await open(EXEMPT), 'popular.example')).toContain('ERR_CONNECTION_REFUSED');
      expect(await shown(await open(FOREIGN), 'popular.example')).toContain('ERR_NAME_NOT_RESOLVED');
    });
  });

  describe.skipIf(resolved === undefined)('behind systemd-resolved', () => {
    const UNSIGNED: Readonly<Record<string, string>> = {
      'popular.example A': 'NOERROR: A 203.0.113.20',
      'popular.example AAAA': 'NOERROR: AAAA 2001:db8:100::20',
      'popular.example HTTPS': 'NOERROR',
      'tracker.popular.example A': `NOERROR: A ${TRACKER}`,
      'tracker.popular.example AAAA': 'NOERROR',
      'alias.plain.example A': 'NOERROR: A 203.0.113.20, CNAME popular.example.',
      'mail.popular.example A': 'NOERROR: A 198.51.100.25',
      'api.popular.example A': `NOERROR: A ${NEIGHBOUR}`,
      'other.plain.example A': 'NOERROR: A 198.51.100.90',
      'nowhere.popular.example A': 'NXDOMAIN',
    };
    const ORIGINAL_SIGNED = { 'signedsite.example A': 'NOERROR ad: A 198.51.100.80' };
    const REDIRECTED_SIGNED = { 'signedsite.example A': 'NOERROR: A 203.0.113.20' };
    const beside = (validated: string): Record<string, string> => ({
      'api.signedsite.example A': `NOERROR${validated}: A ${NEIGHBOUR}`,
      'api.secure.example A': `NOERROR${validated}: A ${NEIGHBOUR}`,
    });

    async function behind(server: string, validates: boolean, expected: Readonly<Record<string, string>>) {
      const stopping: Closing[] = [];
      try {
        const upstream = { host: server, port: 53 };
        const front = await startSystemdResolved(stopping, resolved!, upstream, validates ? world.anchor : undefined);
        const got: Record<string, string> = {};
        for (const question of Object.keys(expected)) got[question] = await answerOf(front, ...question.split(' '));
        expect(got).toEqual(expected);
      } finally {
        for (const close of stopping.reverse()) await close();
      }
    }

    test('plain: everything listed is redirected, and nothing beside it', async () => {
      await behind(SERVER_FOR[INNER], false, { ...UNSIGNED, ...REDIRECTED_SIGNED, ...beside('') });
    });

    test('validating: unsigned names are redirected, signed ones are the original', async () => {
      await behind(SERVER_FOR[INNER], true, { ...UNSIGNED, ...ORIGINAL_SIGNED, ...beside(' ad') });
    });

    test('validating, with "signedNames: redirect": the signed name alone is refused', async () => {
      // It shows what it refuses; its users get the failure.
      const refused = { 'signedsite.example A': 'SERVFAIL: A 203.0.113.20' };
      await behind(REDIRECTS_SIGNED, true, { ...UNSIGNED, ...refused, ...beside(' ad') });
    });
  });
});
