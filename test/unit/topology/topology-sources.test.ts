import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importTopologyFile } from '../../../src/topology/import-topology-file.js';
import type { ImportKind } from '../../../src/topology/load-topology-file.js';
import { TopologySources } from '../../../src/topology/topology-sources.js';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sources-'));
  path = join(directory, 'data');
});
afterEach(() => rm(directory, { recursive: true }));

function ranges(count: number, asn = 64600): string {
  return Array.from({ length: count }, (_, i) => `10.0.${i}.0,10.0.${i}.255,${asn}\n`).join('');
}

let writes = 0;
/** With another modification time each, whatever the resolution of the file system's. */
async function write(content: string, file = path): Promise<void> {
  await writeFile(file, content);
  const time = 1_700_000_000 + ++writes;
  await utimes(file, time, time);
}

describe('data files in force', () => {
  const known = (sources: TopologySources): number | undefined => sources.databases[0]?.ipv4Count;

  test('a file that changes is taken over whole', async () => {
    await write(ranges(4));
    const before = await TopologySources.open({ asnDatabase: path });
    expect(known(before)).toBe(4);
    expect(await before.refresh()).toMatchObject({ changed: false, problems: [] });
    await write(ranges(6));
    const { sources, ...result } = await before.refresh();
    expect(result).toEqual({ changed: true, problems: [] });
    expect(known(before)).toBe(4);
    expect(known(sources)).toBe(6);
    expect(sources.status()).toEqual([{ kind: 'asn-database', path, modifiedAtMs: (await stat(path)).mtimeMs }]);
  });

  test.each([
    ['a bad line', async () => write(`${ranges(5)}nonsense\n`), /data:6: "nonsense" is not/],
    [
      'less than half',
      async () => write(ranges(1)),
      /data is not taken over: it would drop more than half: IPv4 ranges from 4 to 1/,
    ],
    ['nothing', async () => write(''), /it has no data/],
    ['no file any more', async () => rm(path), /cannot read .*ENOENT/],
  ])('%s leaves the old content in force, is said once, and stays in the status', async (_, spoil, problem) => {
    await write(ranges(4));
    const before = await TopologySources.open({ asnDatabase: path });
    await spoil();
    const spoiled = await before.refresh();
    expect(spoiled.changed).toBe(false);
    expect(spoiled.problems).toEqual([{ file: path, message: expect.stringMatching(problem) }]);
    expect(known(spoiled.sources)).toBe(4);
    expect(await spoiled.sources.refresh()).toMatchObject({ changed: false, problems: [] });
    expect(spoiled.sources.status()[0]).toMatchObject({ problem: expect.stringMatching(problem) });
    expect(spoiled.sources.problems).toEqual([{ file: path, message: expect.stringMatching(problem) }]);
    await write(ranges(5));
    const repaired = await spoiled.sources.refresh();
    expect(repaired.changed).toBe(true);
    expect(known(repaired.sources)).toBe(5);
    expect(repaired.sources.status()[0]).not.toHaveProperty('problem');
  });

  test('what was refused is not what the next version is compared with, and is looked at again once it changes', async () => {
    await write(ranges(4));
    const good = await TopologySources.open({ asnDatabase: path });
    await write(ranges(100));
    const refused = good.refusing((await good.refresh()).sources, 'too many');
    expect(known(refused)).toBe(4);
    expect(refused.problems).toEqual([{ file: path, message: `${path} is not in force: too many` }]);
    expect(await refused.refresh()).toMatchObject({ changed: false, problems: [] });
    await write(ranges(5));
    const next = await refused.refresh();
    expect(next).toMatchObject({ changed: true, problems: [] });
    expect(known(next.sources)).toBe(5);
  });

  test('at the start a bad file is an error', async () => {
    await write('1|2|x\n');
    await expect(TopologySources.open({ asRelationships: path })).rejects.toThrow(/data:1: /);
  });

  test('siblings come from as2org, names from there before the database', async () => {
    const organisations = join(directory, 'as2org');
    await write('# format:org_id|org_name\nO|One\n# format:aut|org_id\n64600|O\n64601|O\n', organisations);
    await write('10.0.0.0,10.0.0.255,64600,other name\n10.0.1.0,10.0.1.255,64700,Seven\n');
    const sources = await TopologySources.open({ asnDatabase: path, asOrganisations: organisations });
    expect(sources.withSiblings([64601, 64500])).toEqual([64601, 64500, 64600]);
    expect([64600, 64700, 1].map((asn) => sources.organisationOf(asn))).toEqual(['One', 'Seven', undefined]);
  });
});

describe('importing', () => {
  const imports = (): string => join(directory, 'imports');
  const take = (kind: ImportKind, options: { force?: boolean; dryRun?: boolean } = {}) =>
    importTopologyFile({ directory: imports(), file: path, kind, force: false, dryRun: false, ...options });

  test('says what changes, keeps the age of the file, and is found by the tracker', async () => {
    const sources = await TopologySources.open({ importDirectory: imports() });
    await write(ranges(4));
    expect((await take('asn-csv')).plan.measures[0]).toEqual({ what: 'IPv4 ranges', before: 0, after: 4 });
    await write(`${ranges(3)}10.0.3.0,10.0.3.127,64601\n10.1.0.0,10.1.0.255,64600\n`);
    const { plan, path: written } = await take('asn-csv');
    expect(plan.measures[0]).toEqual({ what: 'IPv4 ranges', before: 4, after: 5 });
    expect(plan.ipv4Addresses).toEqual({ added: 256, removed: 128, moved: 128 });
    expect((await stat(written!)).mtimeMs).toBe((await stat(path)).mtimeMs);
    const refreshed = await sources.refresh();
    expect(refreshed.changed).toBe(true);
    expect(refreshed.sources.databases.map((database) => database.ipv4Count)).toEqual([5]);
  });

  test('a drop of more than half is refused without force, and nothing is written', async () => {
    await write(ranges(4));
    const { path: written } = await take('asn-csv');
    await write(ranges(1));
    await expect(take('asn-csv')).rejects.toThrow(/not imported: it would drop more than half.*--force/);
    expect((await take('asn-csv', { dryRun: true })).plan.refusal).toContain('more than half');
    expect((await TopologySources.open({ importDirectory: imports() })).databases[0]?.ipv4Count).toBe(4);
    expect((await take('asn-csv', { force: true })).path).toBe(written);
    expect((await TopologySources.open({ importDirectory: imports() })).databases[0]?.ipv4Count).toBe(1);
  });

  test('IPv4 and IPv6 come in files of their own; one of both takes the place of the two', async () => {
    await write(ranges(2));
    await take('asn-csv');
    await write('2001:db8::/32,64600\n');
    await take('asn-csv');
    const counts = async () =>
      (await TopologySources.open({ importDirectory: imports() })).databases.map((d) => [d.ipv4Count, d.ipv6Count]);
    expect(await counts()).toEqual([
      [2, 0],
      [0, 1],
    ]);
    await write(`${ranges(2)}2001:db8::/32,64600\n`);
    await take('asn-csv');
    expect(await counts()).toEqual([[2, 1]]);
  });

  test('imported relationships stand for the configured ones', async () => {
    await write('1|2|-1\n');
    await take('as-rel');
    await write('1|3|-1\n');
    const sources = await TopologySources.open({ asRelationships: path, importDirectory: imports() });
    expect(sources.relationships?.customersOf(1)).toEqual([2]);
  });
});
