import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
    const several = await rewrite(
      file,
      other,
      '--announce',
      url,
      '--keep-original-trackers',
      '-o',
      directory,
      '--json',
    );
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
    ['nothing', () => undefined, /no such file/],
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

/** Every file below the directory, with its bytes; not behind links, which Node.js 24 follows and Node.js 20 does not. */
function contentOf(directory: string): Record<string, string> {
  const folder = realpathSync(directory);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && realpathSync(entry.parentPath) === entry.parentPath,
  );
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  );
}

describe('rewrite with many torrents', () => {
  const good = (name: string): Uint8Array => torrentWith({ announce: 'http://old.example/announce' }, { name });

  it('goes on after a bad one, reports each, and says by its exit code that not all were rewritten', async () => {
    writeFileSync(join(directory, 'bad.torrent'), 'hello');
    writeFileSync(join(directory, 'private.torrent'), fixtures.bunny.torrent);
    writeFileSync(join(directory, 'z.torrent'), good('z'));
    const names = ['bad', 'leaves', 'missing', 'private', 'z'].map((name) => join(directory, `${name}.torrent`));
    const { stdout, stderr, thrown } = await rewrite(...names, '-a', url);
    expect(thrown).toMatchObject({ exitCode: 1, message: '3 of 5 torrents were not rewritten' });
    expect(stderr).toMatch(/^alias-tracker: \S+bad\.torrent: not valid bencode/m);
    expect(stderr).toMatch(/^alias-tracker: \S+missing\.torrent: no such file$/m);
    expect(stderr).toMatch(/^alias-tracker: \S+private\.torrent: .*BEP 27/m);
    expect(stdout.toString().trim().split('\n').at(-1)).toBe('2 failed, 2 rewritten, 1 private');
    expect(Object.keys(contentOf(directory)).filter((name) => name.includes('.alias.'))).toEqual([
      'leaves.alias.torrent',
      'z.alias.torrent',
    ]);
    const json = JSON.parse((await rewrite(...names, '-a', url, '--json')).stdout.toString()) as { status: string }[];
    expect(json.map(({ status }) => status)).toEqual(['failed', 'unchanged', 'failed', 'private', 'unchanged']);
  });

  it('walks directories, and changes nothing in a second run', async () => {
    mkdirSync(join(directory, 'a', 'b'), { recursive: true });
    writeFileSync(join(directory, 'a', 'b', 'deep.TORRENT'), good('deep'));
    writeFileSync(join(directory, 'a', 'notes.txt'), 'not a torrent');
    symlinkSync(directory, join(directory, 'a', 'loop'));
    const first = await rewrite(directory, '-a', url);
    expect(first.thrown).toBeUndefined();
    expect(first.stdout.toString()).toMatch(/2 rewritten\n$/);
    const once = contentOf(directory);
    expect(Object.keys(once)).toEqual([
      'a/b/deep.TORRENT',
      'a/b/deep.alias.torrent',
      'a/notes.txt',
      'leaves.alias.torrent',
      'leaves.torrent',
    ]);
    for (const again of [[directory], [join(directory, 'leaves.torrent'), join(directory, 'leaves.alias.torrent')]]) {
      const { stdout, thrown } = await rewrite(...again, '-a', url);
      expect(thrown).toBeUndefined();
      expect(stdout.toString()).not.toContain('rewritten');
      expect(contentOf(directory)).toEqual(once);
    }
    // Rewritten ones alone keep their name as well.
    expect((await rewrite(join(directory, 'leaves.alias.torrent'), '-a', url)).stdout.toString()).toContain(
      'already in',
    );
    expect(contentOf(directory)).toEqual(once);
    // With another tracker, the files of the first run are replaced, but not as inputs of their own.
    const other = 'http://other.example/announce';
    expect((await rewrite(directory, '-a', other)).stdout.toString()).toMatch(/2 rewritten\n$/);
    expect(await parseTorrent(readFileSync(join(directory, 'leaves.alias.torrent')))).toMatchObject({
      announce: [other],
    });
  });

  it('keeps the folders below an output directory, also one inside the input, in both runs', async () => {
    const out = join(directory, 'out');
    for (const folder of ['x', 'y', 'out']) mkdirSync(join(directory, folder));
    for (const folder of ['x', 'y']) writeFileSync(join(directory, folder, 'same.torrent'), good(folder));
    for (let run = 0; run < 2; run++) {
      expect((await rewrite(directory, '-a', url, '-o', out)).thrown).toBeUndefined();
      expect(Object.keys(contentOf(out))).toEqual([
        'leaves.alias.torrent',
        'x/same.alias.torrent',
        'y/same.alias.torrent',
      ]);
    }
    const both = await rewrite(
      ...['x', 'y'].map((name) => join(directory, name, 'same.torrent')),
      '-a',
      url,
      '-o',
      out,
    );
    expect(both.stderr).toMatch(/was written for .*x.same\.torrent/);
    expect(both.thrown).toMatchObject({ message: '1 of 2 torrents were not rewritten' });
  });

  it('makes the output directory of a directory or of several torrents, and leaves out results of earlier runs', async () => {
    mkdirSync(join(directory, 'in'));
    writeFileSync(join(directory, 'in', 'a.torrent'), good('a'));
    expect((await rewrite(join(directory, 'in'), '-a', url)).thrown).toBeUndefined();
    const outputs = { in: 'new', 'in/a.torrent': 'new2/' };
    for (const [input, output] of Object.entries(outputs)) {
      expect((await rewrite(join(directory, input), '-a', url, '-o', `${directory}/${output}`)).thrown).toBeUndefined();
      expect(Object.keys(contentOf(resolve(directory, output)))).toEqual(['a.alias.torrent']);
    }
    const several = await rewrite(file, join(directory, 'in/a.torrent'), '-a', url, '-o', join(directory, 'new3'));
    expect(several.thrown).toBeUndefined();
    expect(Object.keys(contentOf(join(directory, 'new3')))).toEqual(['a.alias.torrent', 'leaves.alias.torrent']);
  });

  it('says where to write several, and what it did not find', async () => {
    const other = join(directory, 'other.torrent');
    writeFileSync(other, good('other'));
    for (const output of ['-', join(directory, 'one.torrent')]) {
      expect((await rewrite(file, other, '-a', url, '-o', output)).thrown).toMatchObject({ code: 'usage' });
    }
    mkdirSync(join(directory, 'empty'));
    expect((await rewrite(join(directory, 'empty'), '-a', url)).thrown).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('no torrent was found'),
    });
  });
});

describe('rewrite in place', () => {
  it('replaces inputs only where it is told to, whole, with their permissions and through links', async () => {
    chmodSync(file, 0o640);
    const link = join(directory, 'link.torrent');
    symlinkSync(file, link);
    const before = contentOf(directory);
    expect((await rewrite(file, '-a', url, '-o', link)).thrown).toMatchObject({
      message: expect.stringMatching(/would replace the input .*--in-place/),
    });
    expect(contentOf(directory)).toEqual(before);
    expect((await rewrite(link, '-a', url, '--in-place')).thrown).toBeUndefined();
    expect(await parseTorrent(readFileSync(file))).toMatchObject({ infoHash: hash, announce: [url] });
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory).sort()).toEqual(['leaves.torrent', 'link.torrent']);
    expect((await rewrite(file, '-a', url, '-i')).stdout.toString()).toContain('already in');
    expect((await rewrite(file, '-a', url, '-i', '-o', directory)).thrown).toMatchObject({ code: 'usage' });
  });

  it('leaves nothing behind where it cannot write', async () => {
    const full = join(directory, 'leaves.alias.torrent');
    mkdirSync(full);
    expect((await rewrite(file, '-a', url)).thrown).toMatchObject({ exitCode: 1 });
    expect(readdirSync(directory).sort()).toEqual(['leaves.alias.torrent', 'leaves.torrent']);
  });
});

describe('rewrite of standard input', () => {
  const pipe = (bytes: Uint8Array, ...args: string[]): Promise<CommandRun> =>
    runCommand(registerRewriteCommand, ['rewrite', '-', '-a', url, ...args], undefined, bytes);

  it('writes the torrent alone to standard output', async () => {
    const original = 'http://old.example/announce';
    const { stdout, stderr, thrown } = await pipe(torrentWith({ announce: original }), '--keep-original-trackers');
    expect([thrown, stderr]).toEqual([undefined, '']);
    expect((await parseTorrent(stdout)).announce?.sort()).toEqual([original, url]);
    const target = join(directory, 'from-stdin.torrent');
    await pipe(fixtures.leaves.torrent, '-o', target);
    expect(await parseTorrent(readFileSync(target))).toMatchObject({ infoHash: hash });
  });

  it('passes a private torrent unchanged and says so', async () => {
    const { stdout, stderr, thrown } = await pipe(fixtures.bunny.torrent);
    expect(thrown).toBeUndefined();
    expect(Buffer.from(stdout).equals(Buffer.from(fixtures.bunny.torrent))).toBe(true);
    expect(stderr).toMatch(/passes unchanged.*BEP 27/);
  });

  it('writes nothing of what is not a torrent', async () => {
    const { stdout, thrown } = await pipe(Buffer.from('hello'));
    expect(stdout).toHaveLength(0);
    expect(thrown).toMatchObject({ exitCode: 1, message: expect.stringMatching(/^standard input: not valid bencode/) });
  });
});
