/** The units of examples/systemd as systemd itself reads and judges them. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { requireProgram } from '../support/real-program.js';

/** From 0 to 10, as `systemd-analyze security` adds it up. */
const MAX_EXPOSURE = 2;

const analyze = requireProgram('systemd-analyze');
const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-units-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const units = readdirSync('examples/systemd').filter((name) => name.endsWith('.service'));

/** The unit with a program that exists on this machine, because `verify` looks for it. */
function unitHere(name: string): string {
  const path = join(directory, name);
  const text = readFileSync(join('examples/systemd', name), 'utf8');
  writeFileSync(path, text.replaceAll('/usr/bin/alias-tracker', process.execPath).replace(/^Documentation=.*\n/m, ''));
  return path;
}

test('there is one for the tracker and for each agent', () => {
  expect(units.sort()).toEqual([
    'alias-tracker-capability.service',
    'alias-tracker-density.service',
    'alias-tracker.service',
  ]);
});

describe.skipIf(analyze === undefined).each(units)('%s', (name) => {
  test('has no errors and no unknown keys', () => {
    const { status, stdout, stderr } = spawnSync(analyze!, ['verify', '--man=no', unitHere(name)], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  });

  test(`is exposed by ${MAX_EXPOSURE} at most`, () => {
    const path = join(directory, name);
    copyFileSync(join('examples/systemd', name), path);
    const { stdout, stderr } = spawnSync(analyze!, ['security', '--no-pager', '--offline=yes', path], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure), stdout + stderr).toBeLessThanOrEqual(MAX_EXPOSURE);
  });
});

test('the tracker has one capability, and names its account as the sysusers file does', () => {
  const unit = readFileSync('examples/systemd/alias-tracker.service', 'utf8');
  expect(unit.match(/\bCAP_\w+/g)).toEqual(['CAP_NET_BIND_SERVICE', 'CAP_NET_BIND_SERVICE']);
  const account = /^u (\S+) /m.exec(readFileSync('examples/systemd/alias-tracker.sysusers', 'utf8'))?.[1];
  expect(/^User=(.*)$/m.exec(unit)?.[1]).toBe(account);
});
