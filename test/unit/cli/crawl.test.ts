import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { registerCrawlCommand } from '../../../src/cli/commands/crawl.js';
import { type CommandRun, runCommand } from '../../support/command-line.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';

let site: OriginalSite;
let directory: string;
let config: string;

beforeEach(async () => {
  site = await startOriginalSite({
    '/a.torrent': new Uint8Array(fixtures.alice.torrent),
    '/l.torrent': new Uint8Array(fixtures.leaves.torrent),
  });
  const item = (name: string, seeds: number): string =>
    `<item><title>${name}</title><link>${site.url}/${name}.torrent</link><x:seeds>${seeds}</x:seeds></item>`;
  site.routes.set(
    '/feed.xml',
    `<rss xmlns:x="x"><channel>${item('a', 1)}${item('l', 5)}${item('gone', 9)}</channel></rss>`,
  );
  directory = mkdtempSync(join(tmpdir(), 'crawl-'));
  config = join(directory, 'alias-tracker.yaml');
  writeFileSync(
    config,
    `operator: { name: Test, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { announceUrls: ["udp://127.0.0.1:6969/announce"] }
crawler:
  delayPerSite: 0ms
  sources:
    - { name: lab, type: feed, url: "${site.url}/feed.xml" }
    - { name: broken, type: feed, url: "${site.url}/nothing.xml" }
storage: { directory: "${join(directory, 'data')}" }
lab: true
`,
  );
});
afterEach(async () => {
  await site.stop();
  rmSync(directory, { recursive: true });
});

const crawl = (...args: string[]): Promise<CommandRun> =>
  runCommand(registerCrawlCommand, ['crawl', '-c', config, ...args]);

describe('crawl', () => {
  it('shows progress and the ranked table, and remembers', async () => {
    const first = await crawl();
    expect(first.thrown).toBeUndefined();
    expect(first.stderr).toContain('lab: 3 torrents');
    expect(first.stderr).toContain('broken: cannot be read');
    const lines = first.stdout.toString().split('\n');
    expect(lines[2]).toMatch(/^-\s+gone\s+9\s.*failed: 127\.0\.0\.1:\d+ answers 404/);
    expect(lines[3]).toMatch(/^1\s+Leaves of Grass by Walt Whitman\.epub\s+5\s.*\slab\s+new$/);
    expect(lines[4]).toMatch(/^2\s+alice\.txt/);
    expect(lines[5]).toBe('2 new, 0 updated, 0 kept, 0 skipped, 1 failed; 0 left the top, 0 deleted');
    expect((await crawl('--top', '1')).stdout.toString()).toContain('1 kept, 0 skipped, 1 failed; 1 left the top');
  });

  it('prints JSON, of a dry run that stores nothing', async () => {
    for (let i = 0; i < 2; i++) {
      const { stdout } = await crawl('--dry-run', '--json', '--source', 'lab');
      const { entries } = JSON.parse(stdout.toString()) as { entries: { status: string }[] };
      expect(entries.map((entry) => entry.status)).toEqual(['failed', 'new', 'new']);
    }
  });

  it('fails where no source can be read, and on wrong usage', async () => {
    expect((await crawl('--source', 'broken')).thrown).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('answers 404'),
    });
    expect((await crawl('--source', 'other')).thrown).toMatchObject({ exitCode: 2 });
    expect((await crawl('--top', 'many')).thrown).toMatchObject({ exitCode: 2 });
  });
});
