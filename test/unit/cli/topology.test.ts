import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerTopologyCommand } from '../../../src/cli/commands/topology.js';
import { type CommandRun, runCommand } from '../../support/command-line.js';

let directory: string;
let config: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topology-cli-'));
  config = join(directory, 'alias-tracker.yaml');
  writeFileSync(
    config,
    `operator:
  name: Example Telecom
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ]
  subdomains: [ { id: north, prefixes: [203.0.113.0/25] } ]
billing:
  neighbours: [ { name: One, asns: [64600], ratePerGigabyte: 0.002 } ]
storage: { directory: ./data }
`,
  );
});
afterEach(() => rmSync(directory, { recursive: true }));

const topology = (...args: string[]): Promise<CommandRun> =>
  runCommand(registerTopologyCommand, ['topology', ...args, '--config', config]);

test('imports a file, and then knows its addresses and what they cost', async () => {
  const file = join(directory, 'asn.csv');
  writeFileSync(file, '192.0.2.0,192.0.2.127,64600,"One, Ltd"\n192.0.2.128,192.0.2.255,64601\n');
  const imported = await topology('import', file, '--as', 'asn-csv');
  expect(imported.thrown).toBeUndefined();
  expect(imported.stdout.toString()).toMatch(/IPv4 ranges +0 +2\n/);
  const { stdout } = await topology('lookup', '192.0.2.1', '203.0.113.1', '198.51.100.1', '--json');
  expect(JSON.parse(stdout.toString())).toEqual([
    expect.objectContaining({ asn: 64600, operator: 'One, Ltd', ratePerGigabyte: 0.002, neighbour: 'One' }),
    expect.objectContaining({ asn: 64500, operator: 'own', subdomain: 'north', ratePerGigabyte: 0 }),
    expect.objectContaining({ asn: 0, kind: 'unknown', ratePerGigabyte: 0.02 }),
  ]);
  const listed = JSON.parse((await topology('files', '--json')).stdout.toString()) as unknown[];
  expect(listed).toEqual([expect.objectContaining({ kind: 'asn-csv' })]);
});

test('refuses a file that would drop more than half, and one with a bad line, and keeps the old one', async () => {
  const file = join(directory, 'asn.csv');
  writeFileSync(file, '192.0.2.0,192.0.2.127,1\n192.0.2.128,192.0.2.159,2\n192.0.2.160,192.0.2.255,3\n');
  await topology('import', file, '--as', 'asn-csv');
  writeFileSync(file, '192.0.2.0,192.0.2.127,1\n');
  expect((await topology('import', file, '--as', 'asn-csv')).thrown).toMatchObject({ exitCode: 1 });
  expect((await topology('import', file, '--as', 'asn-csv', '--dry-run')).stdout.toString()).toContain(
    'would be refused',
  );
  writeFileSync(file, '192.0.2.0,192.0.2.127,1\n192.0.2.128,1,2\n');
  expect(String((await topology('import', file, '--as', 'asn-csv')).thrown)).toContain('asn.csv:2: ');
  const { stdout } = await topology('lookup', '192.0.2.200', '--json');
  expect(JSON.parse(stdout.toString())).toEqual([expect.objectContaining({ asn: 3 })]);
});
