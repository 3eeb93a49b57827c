/**
 * How long it takes to read, compile and look up addresses in a table of the size of the Internet. Without arguments the
 * prefixes are made up (500,000 of IPv4, 200,000 of IPv6, with lengths as in the global routing table); with file names,
 * these are read as CSV ranges.
 *
 *     npm run bench -- micro-topology [asn-ipv4.csv asn-ipv6.csv]
 */
import { stat } from 'node:fs/promises';
import { createRandom } from '../src/domain/random.js';
import { defaultMix } from '../src/policy/default-mix.js';
import { compileCostTable } from '../src/selection/compile-cost-table.js';
import { parseAsnCsv } from '../src/topology/asn-csv.js';
import { type AsnDatabase, AsnDatabaseBuilder } from '../src/topology/asn-database.js';
import { type CompiledTopology, compileTopology } from '../src/topology/compile-topology.js';
import { readDataFile } from '../src/topology/data-file.js';
import { topologyTableFrom } from '../src/topology/flat-table.js';
import { GroupRegistry, memoryGroupStore } from '../src/topology/group-registry.js';
import type { OperatorNetwork } from '../src/topology/operator-network.js';
import type { TopologyTable } from '../src/topology/topology-table.js';

const LOOKUPS = 1 << 20;
const ROUNDS = 9;
const random = createRandom(1);

const files = process.argv.slice(2);
const databases = files.length > 0 ? await readFiles(files) : [madeUpDatabase(500_000, 200_000)];
const operator: OperatorNetwork = {
  networks: [{ asn: 64500, prefixes: [] }],
  subdomains: Array.from({ length: 2000 }, (_, i) => ({
    id: `s${i}`,
    prefixes: [{ address: { family: 4, words: [0x0a000000 + i * 256] }, length: 24 }],
  })),
  caches: [],
};
const compiledMs: number[] = [];
function compile(): CompiledTopology {
  const groups = new GroupRegistry(memoryGroupStore());
  const start = performance.now();
  const compiled = compileTopology({ version: 1, operator, databases, groups });
  compiledMs.push(performance.now() - start);
  return compiled;
}
compile();
compile();
const topology = compile();
const table = topologyTableFrom(topology.data);
const bytes = Object.values(topology.data.arrays).reduce((sum, array) => sum + array.byteLength, 0);
print(
  'segments',
  `${topology.segmentCount.ipv4} IPv4, ${topology.segmentCount.ipv6} IPv6, ${(bytes / 2 ** 20).toFixed(1)} MiB`,
);
print('compile', `${Math.min(...compiledMs).toFixed(0)} ms, the first time ${compiledMs[0]!.toFixed(0)} ms`);

const anywhere = new Int32Array(LOOKUPS).map(() => random.nextUint32());
const inTable4 = new Int32Array(LOOKUPS);
const inTable6 = new Int32Array(4 * LOOKUPS);
const largest = (family: 'ipv4' | 'ipv6') => databases.map((each) => each[family]).find((each) => each.count > 1)!;
const [segments4, segments6] = [largest('ipv4'), largest('ipv6')];
for (let i = 0; i < LOOKUPS; i++) {
  inTable4[i] = segments4.starts[random.below(segments4.count)]! + random.below(256);
  const at = 4 * random.below(segments6.count);
  inTable6[4 * i] = segments6.starts[at]!;
  inTable6[4 * i + 1] = segments6.starts[at + 1]!;
  inTable6[4 * i + 2] = random.nextUint32();
  inTable6[4 * i + 3] = random.nextUint32();
}
print(
  'IPv4, any address',
  perLookup(() => lookups4(table, anywhere)),
);
print(
  'IPv4, any prefix',
  perLookup(() => lookups4(table, inTable4)),
);
print(
  'IPv6, any prefix',
  perLookup(() => lookups6(table, inTable6)),
);

const cost = compileCostTable({
  version: 1,
  nowMs: Date.now(),
  groups: topology.groups,
  ownAsns: [64500],
  billing: { currency: 'EUR', defaultRatePerGigabyte: 0.02, neighbours: [], schedule: [], overrides: [] },
  mix: defaultMix,
  weights: { capabilityWeight: 0.6, densityWeight: 0.4 },
  caches: [],
  density: new Map(),
  densityFreshnessSeconds: 900,
  capability: new Map(),
});
const readings = new Map(
  operator.subdomains.map(({ id }) => [
    id,
    { bytesPerUserPerSecond: random.below(100_000), ageSeconds: random.below(900) },
  ]),
);
print(
  'density of 2,000 sub-domains',
  best(
    () => cost.withDensity(2, readings),
    (ms) => `${ms.toFixed(2)} ms`,
  ),
);

function lookups4(from: TopologyTable, words: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += from.lookup4(words[i]!);
  return sum;
}

function lookups6(from: TopologyTable, words: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i += 4) sum += from.lookup6(words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!);
  return sum;
}

function perLookup(run: () => void): string {
  return best(run, (ms) => `${((ms * 1e6) / LOOKUPS).toFixed(0)} ns a look-up`);
}

/** The best of some rounds, since other work on the machine only adds. */
function best(run: () => void, format: (ms: number) => string): string {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return `${format(times[0]!)} (median ${format(times[ROUNDS >> 1]!)})`;
}

/** Prefixes of 80,000 AS, mostly /24 (IPv4) and /32, /44, /48 (IPv6), nested as chance has it. */
function madeUpDatabase(count4: number, count6: number): AsnDatabase {
  const database = new AsnDatabaseBuilder();
  const lengths4 = [24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 19, 18, 16];
  const lengths6 = [48, 48, 48, 48, 48, 44, 40, 36, 32, 32, 29];
  for (let i = 0; i < count4; i++) {
    const host = 2 ** (32 - lengths4[random.below(lengths4.length)]!) - 1;
    const start = ((0x01000000 + random.below(0xdf000000 - 0x01000000)) & ~host) >>> 0;
    database.ipv4.add4(start, start + host, 1 + random.below(80_000));
  }
  const allocations = Array.from({ length: 25_000 }, () => (0x20010000 + random.below(0x0a000000)) & ~7);
  for (let i = 0; i < count6; i++) {
    const length = lengths6[random.below(lengths6.length)]!;
    const start = [
      allocations[random.below(allocations.length)]!,
      length <= 32 ? 0 : random.nextUint32() & (-1 << (64 - length)),
      0,
      0,
    ];
    const [first, second] = [start[0]!, start[1]!];
    const end = [length < 32 ? first | 7 : first, length <= 32 ? -1 : second | ~(-1 << (64 - length)), -1, -1];
    database.ipv6.add6(start, 0, end, 0, 1 + random.below(80_000));
  }
  return database.build();
}

async function readFiles(paths: readonly string[]): Promise<AsnDatabase[]> {
  const loaded: AsnDatabase[] = [];
  for (const path of paths) {
    const file = await readDataFile(path);
    const start = performance.now();
    loaded.push(parseAsnCsv(file));
    print(
      `read ${path}`,
      `${(performance.now() - start).toFixed(0)} ms (${((await stat(path)).size / 2 ** 20).toFixed(0)} MiB)`,
    );
  }
  return loaded;
}

function print(what: string, result: string): void {
  process.stdout.write(`${what.padEnd(30)} ${result}\n`);
}
