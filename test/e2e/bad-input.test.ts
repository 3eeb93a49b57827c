/** Bad input of every kind: a clear error each, the process stays up, nothing that was stored is lost. */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, PATIENCE_MS } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LAB_CONFIG, PROBE_NORTH, PROBE_SOUTH, type RunningApp, startLabApp } from '../support/lab-app.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { torrentWith } from '../support/torrents.js';

const cli = join(import.meta.dirname, '../../dist/cli/main.js');
const infoHash = '22'.repeat(20);

function run(args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: PATIENCE_MS });
}

describe('at the command line', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bad-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('a broken configuration: every fault with file, line and what to do; exit code 2', () => {
    const file = join(directory, 'broken.yaml');
    writeFileSync(
      file,
      'operator:\n  name: X\n  networks: [{ asn: 64500, prefixes: [203.0.113.7/24] }]\ntracker:\n  intervall: 30m\n  listen: ["udp://nowhere:1"]\n',
    );
    const { status, stderr } = run(['serve', '--config', file]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/broken\.yaml:3:\d+: operator\.networks\[?\.?0.*203\.0\.113\.7\/24/);
    expect(stderr).toMatch(/broken\.yaml:5:\d+: .*intervall.*interval/);
    expect(stderr).toMatch(/broken\.yaml:6:\d+: tracker\.listen/);
  });

  it('no configuration at all: says where one is looked for', () => {
    const { status, stderr } = run(['serve', '--config', join(directory, 'missing.yaml')]);
    expect(status).toBe(2);
    expect(stderr).toContain('missing.yaml');
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('a torrent file that is invalid: one line, and no file is written', () => {
    const file = join(directory, 'not.torrent');
    writeFileSync(file, '<html>404</html>');
    const { status, stderr } = run([
      'rewrite',
      file,
      '--announce',
      'udp://alias.example:6969/announce',
      '-o',
      join(directory, 'out.torrent'),
    ]);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/not\.torrent/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('over the network', () => {
  let site: OriginalSite;
  let running: RunningApp;

  beforeEach(async () => {
    site = await startOriginalSite();
    site.routes.set('/good.torrent', torrentWith({ announce: 'udp://127.0.0.1:1/announce' }));
    site.routes.set('/bad.torrent', 'd4:infod6:lengthi');
    const item = (name: string, seeds: number): string =>
      `<item><title>${name}</title><enclosure url="${site.url}/${name}.torrent" type="application/x-bittorrent"/><seeders xmlns="https://nyaa.si/xmlns/nyaa">${seeds}</seeders></item>`;
    site.routes.set(
      '/feed.xml',
      `<rss version="2.0"><channel><title>t</title>${item('good', 9)}${item('bad', 99)}</channel></rss>`,
    );
    const port = await freePort();
    running = await startLabApp(`${LAB_CONFIG.replaceAll(
      '127.0.0.1:0", "http://127.0.0.1:0',
      `127.0.0.1:${port}", "http://127.0.0.1:${port}`,
    ).replace('tracker: {', `tracker: { announceUrls: ["udp://127.0.0.1:${port}/announce"],`)}
mirrorSite: { listen: "http://127.0.0.1:0" }
crawler: { top: 10, delayPerSite: 0ms, sources: [{ name: site, type: feed, url: "${site.url}/feed.xml" }] }
upstream: { exchange: false }
dnsRedirect:
  listen: ["127.0.0.1:0"]
  upstreamResolvers: ["127.0.0.1:1"]
  mirrorAddresses: [127.0.0.1]
  healthChecks: false
  sites: [www.original.lab]
`);
    await eventually('the crawl', async () => (await torrents()).length === 1);
  });
  afterEach(async () => {
    await running.stop();
    await site.stop();
  });

  async function torrents(): Promise<{ name: string }[]> {
    const { json } = await running.call('GET', '/api/v1/torrents');
    return (json as { torrents: { name: string }[] }).torrents;
  }
  async function stillServes(): Promise<void> {
    await running.announce('127.1.0.5', { infoHash });
    expect((await running.announce('127.1.0.6', { infoHash }, 'http')).hosts).toContain('127.1.0.5');
    expect((await torrents()).map((torrent) => torrent.name)).toEqual(['hello.txt']);
  }

  it('a broken torrent in a feed does not keep the good one out', () => stillServes());

  it('a bad token, a foreign sub-domain, a wrong type: the status, the field, and no effect', async () => {
    const body = {
      probe: 'dp-north',
      sequence: 1,
      periodStart: new Date().toISOString(),
      periodSeconds: 60,
      subdomains: [{ id: 'north', bytes: 6_000, users: 10 }],
    };
    expect((await running.call('POST', '/api/v1/density', { token: 'wrong-token-wrong', body })).status).toBe(401);
    const foreign = await running.call('POST', '/api/v1/density', { token: PROBE_SOUTH, body });
    expect(foreign.status).toBe(403);
    const wrong = await running.call('POST', '/api/v1/density', {
      token: PROBE_NORTH,
      body: { ...body, periodSeconds: 'soon' },
    });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(wrong.json)).toContain('periodSeconds');
    expect((await running.call('POST', '/api/v1/density', { token: PROBE_NORTH, body: '{"probe":' })).status).toBe(400);
    const { json } = await running.call('GET', '/api/v1/density');
    expect(JSON.stringify(json)).not.toContain('bytesPerUserPerSecond":1');
    await stillServes();
  });

  it('malformed announces over UDP and HTTP: silence or a failure reason, and the next one is answered', async () => {
    const { host, port } = running.endpoint('tracker', 'udp');
    const socket = createSocket('udp4');
    socket.bind(0, '127.1.0.9');
    await once(socket, 'listening');
    let answers = 0;
    socket.on('message', () => {
      answers++;
    });
    for (const size of [0, 1, 15, 16, 97, 98, 500, 1_400]) socket.send(Buffer.alloc(size, 0xab), port, host);
    const raw = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { host: httpHost, port: httpPort } = running.endpoint('tracker', 'http');
        const connection = createConnection({ host: httpHost, port: httpPort });
        let received = '';
        connection.setTimeout(PATIENCE_MS, () => connection.destroy(new Error('no answer')));
        connection.on('data', (chunk) => {
          received += chunk.toString('latin1');
          connection.end();
        });
        connection.on('close', () => resolve(received));
        // A request that is refused half-way may be cut off before its answer is read.
        connection.on('error', (error: NodeJS.ErrnoException) =>
          error.code === 'ECONNRESET' ? resolve(received || 'HTTP/1.1 4xx reset') : reject(error),
        );
        connection.end(text);
      });
    expect(await raw('GET /announce?info_hash=short HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(
      /200 OK[\s\S]*failure reason/,
    );
    expect(await raw('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(await raw(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.[01] 4(\d\d|xx reset)/);
    expect(answers).toBe(0);
    socket.close();
    await stillServes();
  });

  it('malformed DNS packets: FORMERR or silence, and the next query is answered', async () => {
    const { host, port } = running.endpoint('dns-redirect');
    const socket = createSocket('udp4');
    const answers: Buffer[] = [];
    socket.on('message', (message) => answers.push(message));
    socket.send(Buffer.from([1, 2, 3]), port, host);
    socket.send(
      Buffer.concat([Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([0xc0, 0x0c])]),
      port,
      host,
    );
    const question = Buffer.from('\x03www\x08original\x03lab\x00\x00\x01\x00\x01', 'latin1');
    socket.send(Buffer.concat([Buffer.from([0x56, 0x78, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), question]), port, host);
    await eventually('the good query is answered', () => answers.some((answer) => answer.readUInt16BE(0) === 0x5678));
    const good = answers.find((answer) => answer.readUInt16BE(0) === 0x5678)!;
    expect(good.readUInt16BE(2) & 15).toBe(0);
    expect(good.readUInt16BE(6)).toBe(1);
    const bad = answers.find((answer) => answer.readUInt16BE(0) === 0x1234);
    if (bad) expect(bad.readUInt16BE(2) & 15).toBe(1);
    socket.close();
    await stillServes();
  });

  it('what was stored is there after a restart', async () => {
    await stillServes();
    const { directory } = running;
    await running.app.stop();
    const again = await startLabApp(LAB_CONFIG, directory);
    const { json } = await again.call('GET', '/api/v1/torrents');
    expect(JSON.stringify(json)).toContain('hello.txt');
    const answer = await again.announce('127.1.0.7', { infoHash });
    expect(answer.hosts.sort()).toEqual(['127.1.0.5', '127.1.0.6']);
    await again.stop();
  });
});
