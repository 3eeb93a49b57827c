/**
 * `alias-tracker crawl` against the local world of test/support/world: thirty sites in thirteen formats, a good third of them
 * broken or hostile. The crawl finds the torrents that the plan of the world says it must, and the sites themselves say how it
 * behaved.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveWorld, type WorldServer } from '../support/world/serve-world.js';
import { hashOf, SECRET } from '../support/world/world-addresses.js';
import { worldConfig } from '../support/world/world-config.js';
import { worldOf } from '../support/world/world-plan.js';
import { expectedTop } from '../support/world/world-truth.js';

const CLI = join(import.meta.dirname, '../../dist/cli/main.js');
const TOP = 100;
const DELAY_MS = 20;
/** Timers may fire a little early, and the server's clock is read later than the crawler's. */
const CLOCK_TOLERANCE_MS = 2;

interface Entry {
  readonly rank?: number;
  readonly infoHash?: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly source: string;
}

describe('a crawl of the local world', () => {
  let world: WorldServer;
  let directory: string;
  let code: number | null;
  let errors: string;
  let result: { entries: Entry[]; sources: { name: string; candidates: number; error?: string }[] };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'alias-tracker-world-'));
    world = await serveWorld(worldOf({ seed: 1, torrents: 3_000 }));
    const config = join(directory, 'config.json');
    const crawler = { top: TOP, delayPerSite: `${DELAY_MS}ms`, timeout: '3s' };
    writeFileSync(config, JSON.stringify(worldConfig(world, directory, crawler)));
    const child = spawn(process.execPath, [CLI, 'crawl', '--json', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    code = child.exitCode;
    errors = stderr;
    result = JSON.parse(stdout || '{}');
  });

  afterAll(async () => {
    await world?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('ends with the right top', () => {
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    const expected = expectedTop(world.world, TOP).map((torrent) => hashOf(torrent, world));
    const found = result.entries.filter(({ rank }) => rank !== undefined).map(({ infoHash }) => infoHash);
    expect(found).toEqual(expected);
  });

  it('is polite to every site', () => {
    const manners = world.ledger.manners();
    expect(manners.size).toBeGreaterThan(10);
    for (const [host, each] of manners) {
      expect({ host, atOnce: each.mostAtOnce, rude: each.rude }).toEqual({ host, atOnce: 1, rude: [] });
      expect.soft(each.shortestPauseMs, host).toBeGreaterThanOrEqual(DELAY_MS - CLOCK_TOLERANCE_MS);
    }
  });

  it('says which sites could not be read, and why', () => {
    const failed = result.sources.filter(({ error }) => error !== undefined).map(({ name }) => name);
    expect(failed.sort()).toEqual(['robots-day', 'robots-deny', 'robots-endless', 'robots-huge']);
  });

  it('stores no key of a site in clear', () => {
    const data = join(directory, 'data');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    const withKey = files.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(SECRET));
    expect(withKey.map(({ name }) => name)).toEqual([]);
    expect(errors).not.toContain(SECRET);
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });
});
