/**
 * What inner users ask for, from the logs of a real Squid and a real nginx: curl fetches torrents through them, their logs are
 * rotated in the ways that operators rotate them, and every crawl counts each request once.
 */
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerCrawlCommand } from '../../src/cli/commands/crawl.js';
import { runCommand } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { requireProgram } from '../support/real-program.js';
import { ServeProcess } from '../support/serve-process.js';
import { torrentWith } from '../support/torrents.js';
import { curl, startNginx, startSquid, untilLines, type WebCache } from '../support/web-caches.js';

const squid = requireProgram('squid');
const nginx = requireProgram('nginx');
const curlProgram = requireProgram('curl');

const NAMES = ['alice', 'leaves', 'numbers'] as const;
/** Requests by torrent. */
type Wanted = Partial<Record<(typeof NAMES)[number], number>>;

let directory: string;
let site: OriginalSite;
let cache: WebCache | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-caches-'));
  site = await startOriginalSite();
  // Without trackers, so that nobody is asked how large the swarms are.
  for (const name of NAMES) site.routes.set(`/t/${name}.torrent`, torrentWith({}, { name }));
});
afterEach(async () => {
  await cache?.stop();
  cache = undefined;
  await site.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Requests of users through the cache: each torrent so many times, and a page and a missing file beside. */
async function request(
  wanted: Wanted,
  through: readonly string[] = ['--proxy', `http://127.0.0.1:${cache!.port}`],
): Promise<void> {
  for (const [name, times] of Object.entries(wanted)) {
    for (let i = 0; i < times; i++) await curl(curlProgram!, `${site.url}/t/${name}.torrent`, ...through);
  }
  await curl(curlProgram!, `${site.url}/`, ...through);
  await curl(curlProgram!, `${site.url}/t/missing.torrent`, ...through);
}

/** To the cache as if it were the site: it sees a path and a Host header. */
const asSite = (): string[] => ['--connect-to', `127.0.0.1:${site.port}:127.0.0.1:${cache!.port}`];

function configured(source: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    operator: { name: 'ISP', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
    tracker: { announceUrls: ['udp://tracker.isp.test:6969/announce'] },
    crawler: { delayPerSite: '0ms', every: '30d', sources: [{ name: 'cache', type: 'access-log', ...source }] },
    storage: { directory: join(directory, 'data') },
    lab: true,
  };
}

/** A crawl by the command, of this log alone. @returns requests by torrent that the crawl now knows of */
async function crawl(log: string, more: Readonly<Record<string, unknown>> = {}): Promise<Wanted> {
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify(configured({ file: log, ...more })));
  return crawlBy(config);
}

async function crawlBy(config: string): Promise<Wanted> {
  const { stdout, thrown } = await runCommand(registerCrawlCommand, ['crawl', '--json', '--config', config]);
  expect(thrown).toBeUndefined();
  const { entries } = JSON.parse(stdout.toString()) as {
    entries: { name: string; rank?: number; innerRequests: number }[];
  };
  const ranked = entries.filter(({ rank }) => rank !== undefined);
  return Object.fromEntries(ranked.map(({ name, innerRequests }) => [name, innerRequests]));
}

describe.skipIf(squid === undefined || curlProgram === undefined)('squid', () => {
  it.each([
    ['native', 'squid'],
    ['combined', 'combined'],
  ])('%s format, rotated by squid itself', async (_what, format) => {
    const folder = join(directory, 'squid');
    const log = join(folder, 'access.log');
    cache = await startSquid(squid!, { directory: folder, logs: `access_log stdio:${log} ${format}`, keeps: 3 });
    await request({ alice: 3, leaves: 1 });
    await untilLines(log, 6);
    expect(await crawl(log)).toEqual({ alice: 3, leaves: 1 });
    // Read again, nothing counts twice; what came after it and before the rotation counts.
    await request({ alice: 1 });
    await untilLines(log, 9);
    cache.reopenLogs();
    await untilLines(`${log}.0`, 9);
    await request({ numbers: 2 });
    await untilLines(log, 4);
    expect(await crawl(log)).toEqual({ alice: 4, numbers: 2, leaves: 1 });
  });

  it('rotated by logrotate: renamed, then opened again', async () => {
    const folder = join(directory, 'squid');
    const log = join(folder, 'access.log');
    cache = await startSquid(squid!, { directory: folder, logs: `access_log stdio:${log} squid`, keeps: 0 });
    await request({ alice: 1 });
    await untilLines(log, 3);
    expect(await crawl(log)).toEqual({ alice: 1 });
    renameSync(log, `${log}.1`);
    // Squid still writes into the renamed file.
    await request({ alice: 1, leaves: 1 });
    await untilLines(`${log}.1`, 7);
    cache.reopenLogs();
    await untilLines(log, 0);
    await request({ leaves: 2 });
    await untilLines(log, 4);
    expect(await crawl(log)).toEqual({ leaves: 3, alice: 2 });
  });
});

describe.skipIf(nginx === undefined || curlProgram === undefined)('nginx', () => {
  it('combined format of a forward proxy, renamed and reopened by USR1', async () => {
    const folder = join(directory, 'nginx');
    const log = join(folder, 'access.log');
    cache = await startNginx(nginx!, { directory: folder, origin: site.url, logs: 'access_log access.log combined;' });
    await request({ alice: 2, numbers: 1 });
    await untilLines(log, 5);
    expect(await crawl(log)).toEqual({ alice: 2, numbers: 1 });
    renameSync(log, `${log}.1`);
    await request({ numbers: 2 });
    await untilLines(`${log}.1`, 9);
    cache.reopenLogs();
    await untilLines(log, 0);
    await request({ leaves: 1 });
    await untilLines(log, 3);
    expect(await crawl(log)).toEqual({ numbers: 3, alice: 2, leaves: 1 });
  });

  it.each([
    ['combined format with paths only', 'access_log access.log combined;', true],
    [
      'a virtual host before the combined format',
      `log_format vhost '$http_host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent';
       access_log access.log vhost;`,
      false,
    ],
    [
      'JSON',
      `log_format js escape=json '{"time":"$time_iso8601","host":"$http_host","method":"$request_method",'
         '"uri":"$request_uri","status":$status,"type":"$sent_http_content_type"}';
       access_log access.log js;`,
      false,
    ],
  ])('in the place of a site: %s, copied and truncated, then compressed', async (_what, logs, pathsOnly) => {
    const folder = join(directory, 'nginx');
    const log = join(folder, 'access.log');
    const source = pathsOnly ? { host: `127.0.0.1:${site.port}` } : {};
    cache = await startNginx(nginx!, { directory: folder, origin: site.url, logs });
    await request({ alice: 2, numbers: 1 }, asSite());
    await untilLines(log, 5);
    expect(await crawl(log, source)).toEqual({ alice: 2, numbers: 1 });
    // logrotate's copytruncate: what was written after the last crawl is in the copy alone.
    await request({ numbers: 2 }, asSite());
    await untilLines(log, 9);
    copyFileSync(log, `${log}-20261129`);
    truncateSync(log);
    await request({ leaves: 1 }, asSite());
    await untilLines(log, 3);
    expect(await crawl(log, source)).toEqual({ numbers: 3, alice: 2, leaves: 1 });
    // And compressed before the next crawl, as `dateext` and `compress` do.
    await request({ leaves: 1 }, asSite());
    await untilLines(log, 6);
    writeFileSync(`${log}-20261130.gz`, gzipSync(readFileSync(log)));
    truncateSync(log);
    await request({ alice: 1 }, asSite());
    await untilLines(log, 3);
    expect(await crawl(log, source)).toEqual({ numbers: 3, alice: 3, leaves: 2 });
  });
});

describe('lines sent over UDP to serve', () => {
  let serve: ServeProcess | undefined;
  afterEach(async () => {
    await serve?.close();
    serve = undefined;
  });

  async function startServe(): Promise<{ port: number; config: string }> {
    const [port, tracker] = [await freePort(), await freePort()];
    const config = {
      ...configured({ listen: `udp://127.0.0.1:${port}` }),
      tracker: {
        listen: [`udp://127.0.0.1:${tracker}`],
        announceUrls: [`udp://tracker.isp.test:${tracker}/announce`],
      },
    };
    serve = new ServeProcess(config);
    await serve.start();
    return { port, config: serve.configFile };
  }

  it.skipIf(squid === undefined || curlProgram === undefined)('by Squid: access_log udp://', async () => {
    const { port, config } = await startServe();
    const folder = join(directory, 'squid');
    cache = await startSquid(squid!, { directory: folder, logs: `access_log udp://127.0.0.1:${port} squid`, keeps: 0 });
    await request({ alice: 3, leaves: 1 });
    // Squid collects lines until a datagram is full, or until it ends.
    await cache.stop();
    await eventually('the lines', async () => (await crawlBy(config)).alice === 3);
    expect(await crawlBy(config)).toEqual({ alice: 3, leaves: 1 });
  });

  it.skipIf(nginx === undefined || curlProgram === undefined)('by nginx: access_log syslog:', async () => {
    const { port, config } = await startServe();
    const logs = `access_log syslog:server=127.0.0.1:${port} combined;`;
    cache = await startNginx(nginx!, { directory: join(directory, 'nginx'), origin: site.url, logs });
    await request({ numbers: 2 });
    await eventually('the lines', async () => (await crawlBy(config)).numbers === 2);
    expect(await crawlBy(config)).toEqual({ numbers: 2 });
  });
});
