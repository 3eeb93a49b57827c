import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import parseTorrent from 'parse-torrent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { registerRewriteCommand } from '../../../src/cli/commands/rewrite.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { type CommandRun, runCommand } from '../../support/command-line.js';
import { torrentWith } from '../../support/torrents.js';

const url = 'udp://alias.example.net:6969/announce';
const hash = fixtures.leaves.parsedTorrent.infoHash;
let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rewrite-'));
  file = join(directory, 'leaves.torrent');
  writeFileSync(file, fixtures.leaves.torrent);
});
afterEach(() => rmSync(directory, { recursive: true }));

const rewrite = (...args: string[]): Promise<CommandRun> => runCommand(registerRewriteCommand, ['rewrite', ...args]);

describe('rewrite', () => {
  it('writes beside the file, and shows that the info-hash is unchanged', async () => {
    const { stdout, thrown } = await rewrite(file, '--announce', url);
    expect(thrown).toBeUndefined();
    expect(stdout.toString()).toMatch(new RegExp(`${hash} \\(unchanged, all \\d+ bytes of info are the same\\)`));
    const written = await parseTorrent(readFileSync(join(directory, 'leaves.alias.torrent')));
    expect(written).toMatchObject({ infoHash: hash, announce: [url] });
    expect(Buffer.from(readFileSync(file))).toEqual(Buffer.from(fixtures.leaves.torrent));
  });

  it('writes where it is told to, also to standard output and into a directory', async () => {
    const target = join(directory, 'x.torrent');
    await rewrite(file, '--announce', url, '-o', target);
    expect(existsSync(target)).toBe(true);
    const piped = await rewrite(file, '--announce', url, '-o', '-');
    expect(await parseTorrent(piped.stdout)).toMatchObject({ infoHash: hash });
    const other = join(directory, 'other.torrent');
    writeFileSync(other, torrentWith({ announce: 'http://old.example/announce' }));
    const several = await rewrite(file, other, '--announce', url, '--keep-original', '-o', directory, '--json');
    expect(JSON.parse(several.stdout.toString())).toMatchObject([
      { infoHash: hash, trackersAfter: [url] },
      { trackersBefore: ['http://old.example/announce'], trackersAfter: [url, 'http://old.example/announce'] },
    ]);
  });

  it('rewrites magnet links', async () => {
    const { stdout } = await rewrite(`magnet:?xt=urn:btih:${hash}&dn=L`, '--announce', url, '--json');
    const [done] = JSON.parse(stdout.toString()) as { magnet: string }[];
    expect(await parseTorrent(done!.magnet)).toMatchObject({ infoHash: hash, announce: [url] });
  });

  it('takes the announce URLs of the configuration', async () => {
    const config = join(directory, 'alias-tracker.yaml');
    writeFileSync(
      config,
      `operator: { name: Test, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\ntracker: { announceUrls: ["${url}"] }\n`,
    );
    await rewrite(file, '-c', config);
    expect(await parseTorrent(readFileSync(join(directory, 'leaves.alias.torrent')))).toMatchObject({
      announce: [url],
    });
  });

  it.each([
    ['a private torrent', () => fixtures.bunny.torrent, /private torrent \(BEP 27\)/],
    ['no torrent', () => Buffer.from('hello'), /not valid bencode/],
    ['nothing', () => undefined, /ENOENT/],
  ])('refuses %s, names the file, and writes nothing', async (_what, content, reason) => {
    const bad = join(directory, 'bad.torrent');
    const bytes = content();
    if (bytes !== undefined) writeFileSync(bad, bytes);
    const { thrown } = await rewrite(bad, '--announce', url);
    expect(thrown).toBeInstanceOf(OperatorError);
    expect(thrown).toMatchObject({ exitCode: 1, message: expect.stringMatching(reason) });
    expect((thrown as Error).message).toContain('bad.torrent');
    expect(existsSync(join(directory, 'bad.alias.torrent'))).toBe(false);
  });

  it('never replaces its input, and refuses a URL that no client can announce to', async () => {
    expect((await rewrite(file, '--announce', url, '-o', file)).thrown).toMatchObject({ exitCode: 1 });
    expect(Buffer.from(readFileSync(file))).toEqual(Buffer.from(fixtures.leaves.torrent));
    expect((await rewrite(file, '--announce', 'alias.example')).thrown).toMatchObject({ code: 'invalid-value' });
  });
});
