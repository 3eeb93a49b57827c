/** The https listeners of the mirror site, asked by curl and openssl as browsers would ask them. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alarmLine } from '../../../src/domain/alarm.js';
import { systemClock } from '../../../src/domain/clock.js';
import { ConnectionLimit } from '../../../src/mirror-site/connection-limit.js';
import { openSiteListener, type SiteListener } from '../../../src/mirror-site/site-listener.js';
import { SlowReaders } from '../../../src/mirror-site/slow-readers.js';
import { Certificates, readCertificatePairs } from '../../../src/net/tls/certificates.js';
import { type MadeCertificate, makeCertificate, openssl } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { requireProgram } from '../../support/real-program.js';

const run = promisify(execFile);
const curl = requireProgram('curl');
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-https-'));
let plain: MadeCertificate;
let wild: MadeCertificate;
let certificates: Certificates;
let listener: SiteListener;
const slowReaders = new SlowReaders();
let finishSlow = (): unknown => undefined;

async function open(): Promise<void> {
  certificates = new Certificates(await readCertificatePairs([plain, wild]), {
    clock: systemClock,
    key: 'mirrorSite.tls',
    checkEveryMs: 50,
  });
  listener = await openSiteListener({
    listen: { protocol: 'https', host: '127.0.0.1', port: 0 },
    key: 'mirrorSite.listen',
    ipv6Only: false,
    handler: (asked, response) => {
      if (asked.url !== '/slow') return void response.end('hello\n');
      response.write('slow');
      finishSlow = () => response.end('\n');
    },
    certificates,
    limit: new ConnectionLimit(100, 100),
    slowReaders,
    onError: () => {},
  });
}

/** The common name of the certificate that a client gets which asks for this name. */
async function shownFor(name: string | undefined): Promise<string> {
  const sni = name === undefined ? ['-noservername'] : ['-servername', name];
  const asked = run(openssl!, ['s_client', '-connect', `127.0.0.1:${listener.port}`, ...sni, '-alpn', 'h2,http/1.1']);
  asked.child.stdin!.end('Q\n');
  const { stdout } = await asked;
  return /subject=CN = (\S+)/.exec(stdout)![1]!;
}

describe.skipIf(openssl === undefined || curl === undefined)('https', () => {
  beforeAll(() => {
    plain = makeCertificate(directory, 'plain', ['torrents.example.net', 'www.torrents.example.net']);
    wild = makeCertificate(directory, 'wild', ['*.site.example', 'site.example']);
  });
  afterEach(async () => {
    certificates.close();
    await listener.close();
  });
  afterAll(() => {
    slowReaders.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('the certificate is chosen by the name that the client asks for; the first is for all other names', async () => {
    await open();
    expect(await shownFor('torrents.example.net')).toBe('torrents.example.net');
    expect(await shownFor('www.torrents.example.net')).toBe('torrents.example.net');
    expect(await shownFor('forum.site.example')).toBe('*.site.example');
    expect(await shownFor('SITE.example')).toBe('*.site.example');
    // A wildcard is for one label (RFC 9525).
    expect(await shownFor('a.b.site.example')).toBe('torrents.example.net');
    expect(await shownFor('unknown.example')).toBe('torrents.example.net');
    expect(await shownFor(undefined)).toBe('torrents.example.net');
  });

  test('curl trusts each name with its certificate, over HTTP/1.1 and one connection', async () => {
    await open();
    for (const [name, { certificate }] of [
      ['torrents.example.net', plain],
      ['forum.site.example', wild],
    ] as const) {
      const url = `https://${name}:${listener.port}/`;
      const { stdout } = await run(curl!, [
        ...['-sS', '--cacert', certificate, '--resolve', `${name}:${listener.port}:127.0.0.1`, '--http2'],
        ...['-w', '%{http_version} %{num_connects}\n', url, url],
      ]);
      expect(stdout).toBe('hello\n1.1 1\nhello\n1.1 0\n');
    }
  });

  test.each(['-tls1_2', '-tls1_3'])('a session is resumed, with each certificate (%s)', async (version) => {
    await open();
    for (const name of ['torrents.example.net', 'forum.site.example']) {
      const session = join(directory, 'session.pem');
      const ask = async (...more: string[]): Promise<string> => {
        const asked = run(openssl!, [
          ...['s_client', '-connect', `127.0.0.1:${listener.port}`, '-servername', name, version, '-ign_eof', ...more],
        ]);
        // TLS 1.3 sends its tickets after the handshake: the answer comes behind them.
        asked.child.stdin!.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        return (await asked).stdout;
      };
      expect(await ask('-sess_out', session)).toContain('New, TLSv1');
      expect(await ask('-sess_in', session)).toContain('Reused, TLSv1');
    }
  });

  test('renewed files are used for new connections, and open connections go on', async () => {
    await open();
    const asked = request({
      host: '127.0.0.1',
      port: listener.port,
      path: '/slow',
      agent: false,
      rejectUnauthorized: false,
    });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const renewed = makeCertificate(directory, 'renewed', ['*.site.example', 'renewed.example']);
    const old = { certificate: join(directory, 'old.pem'), key: join(directory, 'old.key') };
    for (const kind of ['certificate', 'key'] as const) copyFileSync(wild[kind], old[kind]);
    try {
      copyFileSync(renewed.certificate, wild.certificate);
      await eventually('an alarm while the pair does not match', () => certificates.alarms().length > 0);
      expect(certificates.alarms().map(alarmLine)[0]).toMatch(/wild.pem.*the key does not belong to the certificate/);
      expect(await shownFor('site.example')).toBe('*.site.example');
      copyFileSync(renewed.key, wild.key);
      await eventually('the new certificate', async () => (await shownFor('renewed.example')) === '*.site.example');
      expect(certificates.alarms()).toEqual([]);
      finishSlow();
      expect(await text(answer)).toBe('slow\n');
    } finally {
      for (const kind of ['certificate', 'key'] as const) copyFileSync(old[kind], wild[kind]);
      asked.destroy();
    }
  });

  test('the default certificate is renewed, too', async () => {
    await open();
    expect(await shownFor('unknown.example')).toBe('torrents.example.net');
    certificates.use(await readCertificatePairs([wild, plain]));
    expect(await shownFor('unknown.example')).toBe('*.site.example');
  });

  test('a certificate that ends soon is an alarm, and one that has ended is another', async () => {
    const soon = makeCertificate(directory, 'soon', ['soon.example'], 5);
    let nowMs = Date.now();
    certificates = new Certificates(await readCertificatePairs([soon]), {
      clock: { nowMs: () => nowMs },
      key: 'x.tls',
    });
    await open();
    const held = new Certificates(await readCertificatePairs([plain, soon]), {
      clock: { nowMs: () => nowMs },
      key: 'x.tls',
    });
    expect(held.alarms().map(alarmLine)).toEqual([expect.stringMatching(/^x\.tls: .*soon\.pem expires in 4 days/)]);
    nowMs += 6 * 86_400_000;
    expect(held.alarms().map(alarmLine)).toEqual([expect.stringMatching(/soon\.pem expired 1 day ago/)]);
    held.close();
  });

  test('whoever talks something else than TLS, offers only HTTP/2, or falls silent, harms nobody', async () => {
    await open();
    const silent = createConnection({ host: '127.0.0.1', port: listener.port });
    await once(silent, 'connect');
    const odd = createConnection({ host: '127.0.0.1', port: listener.port }).on('error', () => {});
    odd.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    odd.resume();
    await once(odd, 'close');
    const newer = connect({ host: '127.0.0.1', port: listener.port, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    await once(newer, 'error');
    expect(await shownFor('site.example')).toBe('*.site.example');
    // The silent one does not keep the site from stopping.
    await listener.close();
    silent.destroy();
  });

  test('a pair that cannot be used is refused with the reason', async () => {
    await open();
    const reading = (certificate: string, key: string) => readCertificatePairs([plain, { certificate, key }]);
    await expect(reading(wild.certificate, plain.key)).rejects.toThrow(/the key does not belong to the certificate/);
    await expect(reading(join(directory, 'missing.pem'), plain.key)).rejects.toThrow(/ENOENT/);
    const garbage = join(directory, 'garbage.pem');
    writeFileSync(garbage, 'garbage');
    await expect(reading(garbage, plain.key)).rejects.toThrow(/not PEM/);
    await expect(reading(wild.certificate, garbage)).rejects.toThrow(/cannot be used: \S/);
  });
});
