/**
 * The Debian package: built, judged by lintian, then installed, run, upgraded, removed and purged by dpkg and systemd on a
 * copy-on-write root of this machine, in namespaces of its own. Needs root and Debian's Node.js package.
 */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/eventually.js';
import { requireFacility, requireProgram } from '../support/real-program.js';

const SUPPORT = 'test/support/debian';
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--cgroup', '--net', '--uts'];

const programs = ['dpkg-shlibdeps', 'strip', 'lintian', 'unshare', 'systemd-analyze'].map(requireProgram);
const hasNode = spawnSync('dpkg-query', ['-W', 'nodejs']).status === 0;
const canRun =
  programs.every((path) => path !== undefined) &&
  requireFacility('root is needed to install a package', process.getuid?.() === 0) &&
  requireFacility('Node.js is not installed as a Debian package', hasNode);

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-debian-'));
let running: ChildProcess | undefined;
afterAll(() => {
  // With its whole process namespace. systemd as process 1 ignores other signals.
  running?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** What the script found out, by name. */
let facts: ReadonlyMap<string, string>;
let lintian: string;

describe.skipIf(!canRun)('the Debian package', () => {
  beforeAll(async () => {
    const built = execFileSync(process.execPath, ['scripts/build-deb.mjs', directory, '--compression', 'gzip'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    copyFileSync(built, join(directory, '1.deb'));
    newer(built);
    // It exits with 2 if it found an error, which the test shows.
    const judged = promisify(execFile)('lintian', ['--allow-root', '--tag-display-limit', '0', built]);
    const told = judged.catch((thrown: { stdout?: string }) => ({ stdout: thrown.stdout ?? String(thrown) }));
    await live();
    lintian = (await told).stdout;
    // The steps of dpkg and lintian take minutes on a busy machine.
  }, 5 * PATIENCE_MS);

  test('has nothing that lintian complains about', () => {
    expect(lintian).toBe('');
  });

  test('installs without starting, and protects the configuration', () => {
    expect(fact('installed')).toBe('0');
    expect(fact('enabled after installation')).toBe('disabled');
    expect(fact('active after installation')).toBe('inactive');
    expect(fact('modes').split(';')).toEqual([
      '/etc/alias-tracker drwxr-x--- root:alias-tracker',
      '/etc/alias-tracker/alias-tracker.yaml -rw-r----- root:alias-tracker',
      '/etc/alias-tracker/credentials drwx------ root:root',
      '/var/lib/alias-tracker drwxr-x--- alias-tracker:alias-tracker',
    ]);
    expect(fact('the configuration is right')).toBe('0');
    expect(fact('manual page')).toBe('/usr/share/man/man1/alias-tracker.1.gz');
    expect(fact('completion')).toContain('_alias_tracker');
  });

  test('runs under its unit: ready, on ports 53 and 80, with one capability and tokens as credentials', () => {
    expect(fact('started')).toBe('0');
    expect(fact('state').split(';').sort()).toEqual(['ActiveState=active', 'StatusText=serving', 'Type=notify']);
    const [, uid, ...capabilities] = /^Uid: (\d+) .*?;(.*);(.*);(.*)$/.exec(fact('capabilities')) ?? [];
    expect(Number(uid)).toBeGreaterThan(0);
    // CAP_NET_BIND_SERVICE is bit 10.
    expect(capabilities).toEqual(['CapEff: 0000000000000400', 'CapBnd: 0000000000000400', 'Seccomp: 2']);
    expect(fact('web site on port 80')).toBe('200');
    expect([fact('API without the token'), fact('API with the token')]).toEqual(['401', '200']);
    expect(fact('health')).toBe('alive');
    expect(fact('reloaded')).toBe('0');
    expect(fact('reload in the journal')).toBe('0');
    expect(fact('active after the reload')).toBe('active');
  });

  test('restarts the service at an upgrade, and systemd restarts it if it hangs', () => {
    expect(fact('upgraded')).toBe('0');
    expect(fact('another process after the upgrade')).toBe('0');
    expect(fact('state after the upgrade')).toBe('active');
    expect(fact('version')).toMatch(/\.1$/);
    expect(fact('restarted by the watchdog')).toBe('0');
  });

  test('keeps configuration and state when it is removed, and deletes them when it is purged', () => {
    expect(fact('removed')).toBe('0');
    expect(fact('active after the removal')).toBe('inactive');
    expect(fact('left after the removal')).toBe('/etc/alias-tracker;/var/lib/alias-tracker');
    expect(fact('installed again')).toBe('0');
    expect(fact('enabled after the second installation')).toBe('enabled');
    expect(fact('configuration after the second installation')).toBe('1');
    expect(fact('purged')).toBe('0');
    expect(fact('left after the purge')).toBe('');
    expect(fact('unit after the purge')).toBe('gone');
    expect(fact('links after the purge')).toBe('');
  });
});

function fact(name: string): string {
  const value = facts.get(name);
  if (value === undefined) throw new Error(`the script did not find out: ${name}\n${logOf('check.log')}`);
  return value;
}

function logOf(name: string): string {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, 'utf8').slice(-4_000) : '';
}

/** The same package with a higher version, which takes less time than to build another one. */
function newer(built: string): void {
  const unpacked = join(directory, 'unpacked');
  execFileSync('dpkg-deb', ['-R', built, unpacked]);
  const control = join(unpacked, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^(Version: .*)$/m, '$1.1'));
  const args = ['--build', '--root-owner-group', '-Znone', unpacked, join(directory, '2.deb')];
  execFileSync('dpkg-deb', args, { stdio: 'ignore' });
  rmSync(unpacked, { recursive: true });
}

/** Boots systemd, which runs the script to its end. */
async function live(): Promise<void> {
  copyFileSync(join(SUPPORT, 'package-lifecycle.sh'), join(directory, 'check.sh'));
  const args = [...NAMESPACES, 'sh', join(SUPPORT, 'boot-systemd.sh'), directory];
  const system = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let console = '';
  for (const stream of [system.stdout, system.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      console += chunk;
    });
  }
  running = system;
  await once(system, 'exit');
  if (!existsSync(join(directory, 'done'))) throw new Error(`${console}\n${logOf('facts')}\n${logOf('check.log')}`);
  const lines = readFileSync(join(directory, 'facts'), 'utf8').split('\n').filter(Boolean);
  facts = new Map(lines.map((line) => [line.split('\t')[0]!, line.split('\t')[1]!.replace(/;$/, '')]));
}
