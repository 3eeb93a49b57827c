/**
 * What inner users ask for, from the logs of a real Squid and a real nginx: curl fetches torrents through them, their logs are
 * rotated in the ways that operators rotate them, and every crawl counts each request once.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentReader } from '../../src/app/document-reader.js';
import { registerCrawlCommand } from '../../src/cli/commands/crawl.js';
import { type LogListener, startLogListener } from '../../src/crawler/access-log/log-listener.js';
import { createCrawlState } from '../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { runCommand } from '../support/command-line.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { requireProgram } from '../support/real-program.js';
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
async function request(wanted: Wanted): Promise<void> {
  const through = ['--proxy', `http://127.0.0.1:${cache!.port}`];
  for (const [name, times] of Object.entries(wanted)) {
    for (let i = 0; i < times; i++) await curl(curlProgram!, `${site.url}/t/${name}.torrent`, ...through);
  }
  await curl(curlProgram!, `${site.url}/`, ...through);
  await curl(curlProgram!, `${site.url}/t/missing.torrent`, ...through);
}

/** A crawl by the command, of this log alone. @returns requests by torrent that the crawl now knows of */
async function crawl(log: string, more: Readonly<Record<string, unknown>> = {}): Promise<Wanted> {
  const config = join(directory, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      operator: { name: 'ISP', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
      tracker: { announceUrls: ['udp://tracker.isp.test:6969/announce'] },
      crawler: { delayPerSite: '0ms', sources: [{ name: 'cache', type: 'access-log', file: log, ...more }] },
      storage: { directory: join(directory, 'data') },
      lab: true,
    }),
  );
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
});

describe.skipIf(nginx === undefined || curlProgram === undefined)('nginx in the place of a site', () => {
  const json = `log_format own escape=json '{"time_iso8601":"$time_iso8601","request":"$request","status":"$status","http_host":"$http_host"}';`;
  it.each([
    ['paths of one site', 'access_log access.log combined;', true],
    ['JSON', `${json} access_log access.log own;`, false],
  ])('%s', async (_what, logs, oneSite) => {
    const folder = join(directory, 'nginx');
    const log = join(folder, 'access.log');
    cache = await startNginx(nginx!, { directory: folder, origin: site.url, logs });
    const host = site.url.replace('http://', '');
    const direct = (name: string): Promise<void> =>
      curl(curlProgram!, `http://127.0.0.1:${cache!.port}/t/${name}.torrent`, '-H', `Host: ${host}`);
    for (const name of ['alice', 'alice', 'leaves']) await direct(name);
    await untilLines(log, 3);
    expect(await crawl(log, oneSite ? { host } : {})).toEqual({ alice: 2, leaves: 1 });
  });
});

describe.skipIf(squid === undefined || nginx === undefined || curlProgram === undefined)('lines over UDP', () => {
  const documents = createDocumentReader({ name: 'test-documents' });
  const database = openDatabase(':memory:');
  const state = createCrawlState(database);
  let listener: LogListener;
  beforeEach(async () => {
    listener = await startLogListener(
      { host: '127.0.0.1', port: 0 },
      {
        source: { name: 'sent', type: 'access-log' },
        state,
        documents,
        clock: { nowMs: () => Date.now() },
        isIpv6Only: false,
        onProblem: (problem) => expect.unreachable(problem),
        onError: (error) => expect.unreachable(error.message),
      },
    );
  });
  afterEach(async () => {
    await listener.stop();
    database.exec('DELETE FROM crawler_request_count');
  });
  afterAll(async () => {
    await documents.close();
    database.close();
  });

  const counted = async (): Promise<Record<string, number>> => {
    await listener.flush();
    const requests = [...state.requests('sent', 0)];
    return Object.fromEntries(requests.map(([target, count]) => [/(\w+)\.torrent/.exec(target)![1], count]));
  };

  it('of Squid', async () => {
    const logs = `access_log udp://127.0.0.1:${listener.port} squid`;
    cache = await startSquid(squid!, { directory: join(directory, 'squid'), logs, keeps: 0 });
    await request({ alice: 2, leaves: 1 });
    // Squid sends what it has when 1,400 bytes are together, and when it ends.
    await cache.stop();
    await expect.poll(counted).toEqual({ alice: 2, leaves: 1 });
  });

  it('of nginx, by syslog', async () => {
    const logs = `access_log syslog:server=127.0.0.1:${listener.port} combined;`;
    cache = await startNginx(nginx!, { directory: join(directory, 'nginx'), origin: site.url, logs });
    await request({ alice: 1, numbers: 2 });
    await expect.poll(counted).toEqual({ alice: 1, numbers: 2 });
  });
});
