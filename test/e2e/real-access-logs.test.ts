/**
 * What inner users ask for, from the logs of a real Squid and a real nginx: curl fetches torrents through them, their logs are
 * rotated in the ways that operators rotate them, and every crawl counts each request once.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerCrawlCommand } from '../../src/cli/commands/crawl.js';
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
