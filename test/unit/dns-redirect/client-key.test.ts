import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { clientKeyIn } from '../../../src/dns-redirect/client-key.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-key-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('the key is made once, and only its owner can read it', () => {
  const key = clientKeyIn(directory);
  expect(key).toHaveLength(2);
  expect(clientKeyIn(directory)).toEqual(key);
  const [file] = readdirSync(directory);
  expect(statSync(join(directory, file!)).mode & 0o077).toBe(0);
  writeFileSync(join(directory, file!), 'not a key\n');
  expect(() => clientKeyIn(directory)).toThrow(/is not a key of 8 bytes in hexadecimal; delete it/);
  expect(() => clientKeyIn(join(directory, 'missing'))).toThrow(/dnsRedirect\.percent: .*cannot be written/);
});
