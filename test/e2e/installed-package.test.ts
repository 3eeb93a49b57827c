/**
 * What an operator installs: the packed project with production packages only. It must run without anything of the
 * checkout that is not packed, and without the lab.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/eventually.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-package-'));
const installed = join(directory, 'package');

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  execFileSync('tar', ['-xzf', join(directory, filename), '-C', directory]);
  linkProductionPackages();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The packages that `npm install --omit=dev` would bring, taken from this checkout: no registry is asked. */
function linkProductionPackages(): void {
  const root = process.cwd();
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
    const nested = path.indexOf('/node_modules/') >= 0;
    if (path === '' || dev || devOptional || nested || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    symlinkSync(join(root, path), join(installed, path));
  }
}

function aliasTracker(...args: string[]) {
  return spawnSync(process.execPath, [join(installed, 'dist/cli/main.js'), ...args], {
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
    expect(existsSync(join(installed, 'migrations'))).toBe(true);
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
});
