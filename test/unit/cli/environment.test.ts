import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withCredentials } from '../../../src/cli/environment.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-credentials-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('credentials of systemd are there by name, also those of a loaded directory; a variable takes precedence', () => {
  writeFileSync(join(directory, 'RPZ_KEY'), 'key');
  writeFileSync(join(directory, 'secret_CONTROL_TOKEN'), 'token\n');
  writeFileSync(join(directory, 'secret_DP_NORTH_TOKEN'), 'from the file');
  mkdirSync(join(directory, 'folder'));
  const environment = withCredentials({ CREDENTIALS_DIRECTORY: directory, DP_NORTH_TOKEN: 'from the environment' });
  expect(environment).toEqual({
    CREDENTIALS_DIRECTORY: directory,
    RPZ_KEY: 'key',
    CONTROL_TOKEN: 'token',
    DP_NORTH_TOKEN: 'from the environment',
  });
});

test('a directory that cannot be read is an error that names it', () => {
  const gone = join(directory, 'gone');
  expect(() => withCredentials({ CREDENTIALS_DIRECTORY: gone })).toThrow(`cannot read the credentials in ${gone}`);
});

test('without credentials, the environment is what it was', () => {
  const environment = { CREDENTIALS_DIRECTORY: '', HOME: '/' };
  expect(withCredentials(environment)).toBe(environment);
});
