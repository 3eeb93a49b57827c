/**
 * What an operator installs: `npm install` of the packed project into an empty prefix, from a registry on this machine. It must run
 * without anything of the checkout that is not packed, and without the lab.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trackedFiles } from '../repo/source-files.js';
import { PATIENCE_MS } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { PackageRegistry } from '../support/package-registry.js';
import { ServeProcess } from '../support/serve-process.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-package-'));
const prefix = join(directory, 'prefix');
const installed = join(prefix, 'lib/node_modules/alias-tracker');
const program = join(prefix, 'bin/alias-tracker');

beforeAll(async () => {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const registry = await PackageRegistry.start();
  try {
    // The addons are those of this checkout: compiling them again would take minutes.
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--registry', registry.url, '--prefix', prefix];
    const cache = ['--cache', join(directory, 'cache')];
    await promisify(execFile)('npm', ['install', '--global', ...options, ...cache, join(directory, filename)]);
  } finally {
    await registry.close();
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function aliasTracker(...args: string[]) {
  return spawnSync(program, args, {
    encoding: 'utf8',
    cwd: directory,
    timeout: PATIENCE_MS,
  });
}

describe('the installed package', () => {
  test('has no lab and no test', () => {
    expect(existsSync(join(installed, 'dist/lab'))).toBe(false);
    expect(existsSync(join(installed, 'dist/cli/experiment-main.js'))).toBe(false);
    expect(existsSync(join(installed, 'dist/cli/experiment-origin.js'))).toBe(false);
    expect(existsSync(join(installed, 'test'))).toBe(false);
  });

  test('has the migrations, the documents and the examples', () => {
    const wanted = trackedFiles().filter((path) => /^(migrations|docs|examples(?!\/lab))\//.test(path));
    expect(wanted.length).toBeGreaterThan(40);
    expect(wanted.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  test('prints its configuration and accepts it', () => {
    const printed = aliasTracker('print-config');
    expect(printed.stderr).toBe('');
    const file = join(directory, 'alias-tracker.yaml');
    writeFileSync(file, printed.stdout);
    const checked = aliasTracker('check-config', file);
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });

  test('says that the lab is not part of it', () => {
    cpSync('examples/lab', join(directory, 'lab'), { recursive: true });
    for (const command of ['demo', 'serve']) {
      const { status, stderr } = aliasTracker(command, '--config', join(directory, 'lab/alias-tracker.yaml'));
      expect(stderr).toContain('the lab is not part of this installation');
      expect(stderr).not.toContain(relative('/', directory));
      expect(status).toBe(2);
    }
  });

  test('serves, with its database, and its other commands ask it', async () => {
    const control = await freePort();
    const config = {
      operator: { name: 'Lab', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
      tracker: { listen: ['http://127.0.0.1:0'], announceUrls: ['http://alias.example.net:6969/announce'] },
      mirrorSite: { listen: 'http://127.0.0.1:0' },
      control: { listen: `http://127.0.0.1:${control}` },
      crawler: { sources: [{ name: 'own', type: 'announces' }] },
      lab: true,
    };
    const serve = new ServeProcess(config, { program });
    try {
      await serve.start();
      expect(serve.command('health', '--config', serve.configFile)).toMatchObject({ status: 0, stdout: 'ready\n' });
      for (const command of [
        ['catalogue', 'list'],
        ['crawl', '--dry-run'],
        ['token', 'list'],
        ['topology', 'files'],
      ]) {
        const { status, stderr } = serve.command(...command, '--config', serve.configFile);
        expect(status, `${command.join(' ')}: ${stderr}`).toBe(0);
      }
      expect(await serve.stop()).toBe(0);
    } finally {
      await serve.close();
    }
  });

  test('prints completion and manual page', () => {
    expect(aliasTracker('completion', 'bash').stdout).toContain('complete -F');
    expect(aliasTracker('man').stdout).toContain('.SH COMMANDS');
  });
});
