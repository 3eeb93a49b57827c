/**
 * Torrents that mktorrent, Transmission and libtorrent made, and those of the package webtorrent-fixtures, rewritten by one
 * command: the same programs and aria2c open the results and find the info-hashes of the originals.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireFacility, requireProgram } from '../support/real-program.js';
import {
  hasLibtorrent,
  makeWithLibtorrent,
  makeWithMktorrent,
  makeWithTransmission,
  type Reading,
  readWithAria2,
  readWithLibtorrent,
  readWithTransmission,
} from '../support/torrent-tools.js';

const installed = [
  ...['mktorrent', 'transmission-create', 'transmission-show', 'aria2c'].map(requireProgram),
  requireFacility(
    'the module libtorrent is not installed (Debian: apt-get install python3-libtorrent)',
    await hasLibtorrent(),
  ),
].every(Boolean);
const cli = join(import.meta.dirname, '../../dist/cli/main.js');
const fixtures = join(import.meta.dirname, '../../node_modules/webtorrent-fixtures/fixtures');
const ORIGINAL = 'http://old.example/announce';
const ALIAS = 'udp://alias.example.net:6969/announce';
const MANY = 50_000;
/** mktorrent takes minutes for 50,000 files. */
const MANY_FOR_MKTORRENT = 5_000;

describe.skipIf(!installed)('torrents of other programs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-tools-'));
  const originals = join(directory, 'originals');
  const rewritten = join(directory, 'rewritten');
  /** What `rewrite` said of each, by name without `.torrent`. */
  const said = new Map<string, { status: string; infoHash?: string; hybridInfoHash?: string; error?: string }>();
  const fileOf = (name: string): string => join(originals, `${name}.torrent`);
  const outputOf = (name: string): string => join(rewritten, `${name}.alias.torrent`);

  beforeAll(async () => {
    for (const folder of [originals, rewritten, join(directory, 'few', 'sub'), join(directory, 'many', 'more')]) {
      mkdirSync(folder, { recursive: true });
    }
    // More than one piece, so that version 2 has a layer; and a file of none.
    writeFileSync(join(directory, 'few', 'a.bin'), Buffer.alloc(100_000, 'a'));
    writeFileSync(join(directory, 'few', 'sub', 'bé c.txt'), 'hello');
    writeFileSync(join(directory, 'few', 'sub', 'empty'), '');
    for (let n = 0; n < MANY; n++) {
      writeFileSync(join(directory, 'many', n < MANY_FOR_MKTORRENT ? 'more' : '', `file ${n}`), 'x');
    }
    const makers = {
      mktorrent: makeWithMktorrent,
      transmission: makeWithTransmission,
      'libtorrent-v1': (torrent) => makeWithLibtorrent(torrent, 'v1'),
      'libtorrent-v2': (torrent) => makeWithLibtorrent(torrent, 'v2'),
      'libtorrent-hybrid': (torrent) => makeWithLibtorrent(torrent, 'hybrid'),
    } satisfies Record<string, typeof makeWithMktorrent>;
    for (const [maker, make] of Object.entries(makers)) {
      const announce = ORIGINAL;
      await make({ content: join(directory, 'few'), file: fileOf(`${maker}-few`), announce });
      await make({ content: join(directory, 'few', 'a.bin'), file: fileOf(`${maker}-one`), announce });
      await make({ content: join(directory, 'few'), file: fileOf(`${maker}-private`), announce, isPrivate: true });
      const many = join(directory, 'many', maker === 'mktorrent' ? 'more' : '');
      // A hybrid has the file tree of version 2 too.
      if (maker !== 'libtorrent-v2') await make({ content: many, file: fileOf(`${maker}-many`), announce });
    }
    for (const name of readdirSync(fixtures).filter((each) => each.endsWith('.torrent'))) {
      copyFileSync(join(fixtures, name), join(originals, name));
    }
    const args = [cli, 'rewrite', originals, '-o', rewritten, '--announce', ALIAS, '--json'];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
    for (const entry of JSON.parse(stdout) as { input: string; status: string }[]) {
      said.set(basename(entry.input, '.torrent'), entry);
    }
  }, 400_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const filesOf = (name: string): number => (name === 'mktorrent-many' ? MANY_FOR_MKTORRENT : MANY);
  const namesOf = (status: string): string[] =>
    [...said].flatMap(([name, entry]) => (entry.status === status ? [name] : [])).sort();

  it('are rewritten, except for private and corrupt ones', () => {
    expect(said.size).toBe(readdirSync(originals).length);
    expect(namesOf('failed')).toEqual(['corrupt']);
    expect(namesOf('private')).toEqual([
      'bunny',
      'libtorrent-hybrid-private',
      'libtorrent-v1-private',
      'libtorrent-v2-private',
      'mktorrent-private',
      'transmission-private',
    ]);
    for (const name of namesOf('private')) expect(existsSync(outputOf(name))).toBe(false);
    expect(namesOf('rewritten').length).toBeGreaterThan(20);
  });

  it('keep their info-hashes, files and web seeds for libtorrent, which opens all of them', async () => {
    const names = namesOf('rewritten');
    const before = await readWithLibtorrent(names.map(fileOf));
    const after = await readWithLibtorrent(names.map(outputOf));
    names.forEach((name, i) => {
      const { trackers, ...rest } = after[i]!;
      expect([name, trackers]).toEqual([name, [ALIAS]]);
      const { trackers: _, ...expected } = before[i]!;
      expect([name, rest]).toEqual([name, expected]);
      const { infoHash, hybridInfoHash } = said.get(name)!;
      for (const hash of [infoHash, hybridInfoHash])
        if (hash) expect([name, rest.hashes]).toEqual([name, expect.stringContaining(hash)]);
    });
    for (const name of names.filter((each) => each.endsWith('-many'))) {
      // libtorrent counts the padding between files, too.
      expect(after[names.indexOf(name)]!.files).toBeGreaterThanOrEqual(filesOf(name));
    }
  });

  const others: readonly (readonly [string, (file: string) => Promise<Reading>, RegExp])[] = [
    // Transmission 3 refuses version 2 and hybrids, aria2c refuses version 2.
    ['Transmission', readWithTransmission, /^libtorrent-(?:v2|hybrid)/],
    ['aria2c', readWithAria2, /^libtorrent-v2/],
  ];
  it.each(others)('are to %s what the originals are', async (_name, read, refused) => {
    for (const name of namesOf('rewritten')) {
      const [before, after] = [await read(fileOf(name)), await read(outputOf(name))];
      expect([name, after]).toEqual([name, before]);
      if (refused.test(name)) continue;
      expect([name, after.hashes]).toEqual([name, expect.stringMatching(/^[0-9a-f]{40}$/)]);
      // aria2c counts the padding between the files of a hybrid, too.
      if (name.endsWith('-many')) expect(after.files).toBeGreaterThanOrEqual(filesOf(name));
    }
  });
});
