/** Torrents made and read by other people's programs: mktorrent, Transmission, aria2 and libtorrent (python3-libtorrent). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** The output of transmission-show and aria2c lists every file. */
const OUTPUT = { maxBuffer: 64 * 2 ** 20 };
/** Debian's interpreter: no other one has the module. */
export const PYTHON = '/usr/bin/python3';

export function hasLibtorrent(): Promise<boolean> {
  return run(PYTHON, ['-c', 'import libtorrent']).then(
    () => true,
    () => false,
  );
}

export type LibtorrentVersion = 'v1' | 'v2' | 'hybrid';

export interface TorrentToMake {
  /** File or directory. */
  readonly content: string;
  readonly file: string;
  readonly announce: string;
  readonly isPrivate?: boolean;
}

export async function makeWithMktorrent({ content, file, announce, isPrivate }: TorrentToMake): Promise<void> {
  await run('mktorrent', ['-a', announce, '-l', '15', '-o', file, ...(isPrivate ? ['-p'] : []), content], OUTPUT);
}

export async function makeWithTransmission({ content, file, announce, isPrivate }: TorrentToMake): Promise<void> {
  await run('transmission-create', ['-o', file, '-t', announce, ...(isPrivate ? ['-p'] : []), content], OUTPUT);
}

export async function makeWithLibtorrent(torrent: TorrentToMake, version: LibtorrentVersion): Promise<void> {
  const script = `
import os, sys, libtorrent as lt
content, file, announce, private, version = sys.argv[1:6]
storage = lt.file_storage()
lt.add_files(storage, content)
flags = {'v1': lt.create_torrent.v1_only, 'v2': lt.create_torrent.v2_only, 'hybrid': 0}[version]
made = lt.create_torrent(storage, 0, flags)
made.add_tracker(announce)
made.add_url_seed('http://seed.example/')
made.set_priv(private == '1')
lt.set_piece_hashes(made, os.path.dirname(content))
open(file, 'wb').write(lt.bencode(made.generate()))
`;
  const { content, file, announce, isPrivate = false } = torrent;
  await run(PYTHON, ['-c', script, content, file, announce, isPrivate ? '1' : '0', version], OUTPUT);
}

/** What a program says of a torrent file, so that the original and the rewritten one can be compared. */
export interface Reading {
  /** Undefined if the program refuses the file. */
  readonly hashes: string | undefined;
  readonly files: number;
}

export async function readWithLibtorrent(
  files: readonly string[],
): Promise<(Reading & { readonly trackers: readonly string[]; readonly webSeeds: readonly string[] })[]> {
  const script = `
import json, sys, libtorrent as lt
limits = {'max_buffer_size': 200000000, 'max_decode_tokens': 10000000, 'max_pieces': 10000000}
def read(name):
  try:
    info = lt.torrent_info(name, limits)
  except RuntimeError as error:
    return {'files': 0, 'trackers': [], 'webSeeds': [], 'error': str(error)}
  hashes = info.info_hashes()
  return {'hashes': str(hashes.v1) + ' ' + str(hashes.v2), 'files': info.num_files(),
    'trackers': [each.url for each in info.trackers()], 'webSeeds': [each['url'] for each in info.web_seeds()]}
print(json.dumps([read(name) for name in json.load(sys.stdin)]))
`;
  const reading = run(PYTHON, ['-c', script], OUTPUT);
  reading.child.stdin!.end(JSON.stringify(files));
  return JSON.parse((await reading).stdout);
}

export async function readWithTransmission(file: string): Promise<Reading> {
  const shown = await run('transmission-show', [file], OUTPUT).catch(() => undefined);
  return readingOf(shown?.stdout, /^ {2}Hash: ([0-9a-f]{40})$/m, /^ {2}\S.* \([\d.]+ [kMGT]?i?B\)$/gm);
}

export async function readWithAria2(file: string): Promise<Reading> {
  const shown = await run('aria2c', ['--no-conf=true', '--show-files=true', file], OUTPUT).catch(() => undefined);
  return readingOf(shown?.stdout, /^Info Hash: ([0-9a-f]{40})$/m, /^ *\d+\|/gm);
}

function readingOf(text: string | undefined, hash: RegExp, fileLine: RegExp): Reading {
  return { hashes: hash.exec(text ?? '')?.[1], files: text?.match(fileLine)?.length ?? 0 };
}
