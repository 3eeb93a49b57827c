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

const plan = (count: number): string =>
  Array.from({ length: count }, (_, i) => `203.0.113.${i * 4}/30,sd${i}\n`).join('');

function withPlan(count: number): void {
  writeFileSync(join(directory, 'plan.csv'), plan(count));
  writeFileSync(
    config,
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ], subdomains: { file: plan.csv } }\nstorage: { directory: ./data }\n',
  );
}

const subdomainOf = async (address: string): Promise<unknown> =>
  (JSON.parse((await topology('lookup', address, '--json')).stdout.toString()) as { subdomain?: string }[])[0]
    ?.subdomain;

test('an import of sub-domains is compared with the configured file, whose place it takes; undo gives it back', async () => {
  withPlan(40);
  const file = join(directory, 'new.csv');
  writeFileSync(file, plan(10));
  const refused = await topology('import', file, '--as', 'subdomains');
  expect(String(refused.thrown)).toMatch(/not imported: it would drop more than half: sub-domains from 40 to 10/);
  expect(await subdomainOf('203.0.113.100')).toBe('sd25');

  const forced = (await topology('import', file, '--as', 'subdomains', '--force')).stdout.toString();
  expect(forced).toContain(`takes the place of ${join(directory, 'plan.csv')}`);
  expect(forced).toContain('topology undo');
  expect(await subdomainOf('203.0.113.100')).toBeUndefined();

  const undone = (await topology('undo')).stdout.toString();
  expect(undone).toContain(`${join(directory, 'plan.csv')} is in force again`);
  expect(await subdomainOf('203.0.113.100')).toBe('sd25');
  expect((await topology('undo')).thrown).toMatchObject({ message: 'there is no import to undo', exitCode: 1 });
});

test('undo takes imports back one by one, each as it was, with the age of its data', async () => {
  const file = join(directory, 'asn.csv');
  for (const text of ['192.0.2.0/25,1\n', '2001:db8::/32,2\n', '192.0.2.0/25,3\n2001:db8::/32,4\n']) {
    writeFileSync(file, text);
    expect((await topology('import', file, '--as', 'asn-csv')).thrown).toBeUndefined();
  }
  const asns = async (): Promise<unknown[]> =>
    (
      JSON.parse((await topology('lookup', '192.0.2.1', '2001:db8::1', '--json')).stdout.toString()) as {
        asn: number;
      }[]
    ).map(({ asn }) => asn);
  const expected = [
    [3, 4],
    [1, 2],
    [1, 0],
    [0, 0],
  ];
  for (const [i, each] of expected.entries()) {
    expect(await asns()).toEqual(each);
    const { thrown } = await topology('undo');
    if (i < 3) expect(thrown).toBeUndefined();
    else expect(thrown).toBeDefined();
  }
});

test('a plan that does not fit the network or the names in use is refused, whatever the force', async () => {
  const file = join(directory, 'new.csv');
  writeFileSync(file, '192.0.2.0/24,a\n');
  const { thrown } = await topology('import', file, '--as', 'subdomains', '--force');
  expect(String(thrown)).toMatch(/new\.csv:1: 192\.0\.2\.0\/24 of sub-domain "a" lies outside/);
  withPlan(4);
  writeFileSync(
    config,
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ], subdomains: { file: plan.csv } }\nreports: { probes: [ { id: p, subdomains: [sd3] } ] }\nstorage: { directory: ./data }\n',
  );
  writeFileSync(file, plan(3));
  expect(String((await topology('import', file, '--as', 'subdomains')).thrown)).toContain(
    'reports.probes[0].subdomains[0]: "sd3" is not a sub-domain',
  );
});
