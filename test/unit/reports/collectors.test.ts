import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePrefix } from '../../../src/domain/ip-address.js';
import { FlowFolder } from '../../../src/reports/collectors/fold-flows.js';
import { LineCutter, linesOfGrowingFile, linesOfStream } from '../../../src/reports/collectors/read-lines.js';
import { type CollectorFormat, createLineReader, runCollector } from '../../../src/reports/collectors/run-collector.js';
import { createSubdomainLookup } from '../../../src/reports/collectors/subdomain-lookup.js';
import type { DensityReport } from '../../../src/reports/density-report.js';
import { eventually } from '../../support/eventually.js';

const MINUTE_START_MS = Date.parse('2026-11-22T10:00:00Z');
const LATER_MS = MINUTE_START_MS + 3_600_000;
const lookup = createSubdomainLookup([
  { id: 'north', prefixes: [parsePrefix('203.0.113.0/25'), parsePrefix('2001:db8:100::/40')] },
  { id: 'south', prefixes: [parsePrefix('203.0.113.128/25')] },
]);

const newFolder = (startedMs = LATER_MS) => new FlowFolder({ probe: 'dp', periodSeconds: 60, lookup, startedMs });

async function fold(file: string, format: CollectorFormat) {
  const text = readFileSync(new URL(`../../vectors/collectors/${file}`, import.meta.url), 'utf8');
  const folder = newFolder();
  const reports: DensityReport[] = [];
  const result = await runCollector({
    lines: linesOfStream(blocksOf(text)),
    read: createLineReader(format),
    folder,
    clock: { nowMs: () => LATER_MS },
    onReports: async (closed) => void reports.push(...closed),
  });
  return { reports, result, counts: folder.counts };
}

/** In pieces that respect no line. */
async function* blocksOf(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += 97) yield bytes.subarray(i, i + 97);
}

/** The same hour of traffic in every format: sampled, between sub-domains, IPv6, and some that is not ours. */
const expected = [
  {
    probe: 'dp',
    sequence: MINUTE_START_MS / 1000,
    periodStartMs: MINUTE_START_MS,
    periodSeconds: 60,
    subdomains: [
      { id: 'north', bytes: 1_500_000 + 500_000 + 70_000, users: 2 },
      { id: 'south', bytes: 70_000, users: 1 },
    ],
  },
  {
    probe: 'dp',
    sequence: MINUTE_START_MS / 1000 + 60,
    periodStartMs: MINUTE_START_MS + 60_000,
    periodSeconds: 60,
    subdomains: [{ id: 'north', bytes: 4_000, users: 1 }],
  },
];

describe('recorded output of collectors', () => {
  test.each([
    ['goflow2.jsonl', 'goflow2'],
    ['pmacct.jsonl', 'pmacct'],
    ['subscribers.csv', 'csv'],
    ['ipfixcol.csv', 'csv'],
  ] as const)('%s folds to sub-domains, sampling multiplied, users counted', async (file, format) => {
    const { reports, result } = await fold(file, format);
    expect(result).toMatchObject({ broken: 0 });
    expect(reports).toEqual(expected);
  });

  test('of older builds with CamelCase names', async () => {
    const { reports } = await fold('goflow-camelcase.jsonl', 'goflow2');
    expect(reports).toMatchObject([
      {
        subdomains: [
          { id: 'north', bytes: 1_500_000, users: 1 },
          { id: 'south', bytes: 70_000, users: 1 },
        ],
      },
    ]);
  });

  test('traffic of others is counted apart', async () => {
    expect((await fold('goflow2.jsonl', 'goflow2')).counts).toEqual({ flows: 5, foreign: 1, late: 0 });
  });

  test.each([
    ['goflow2.jsonl', 'csv'],
    ['subscribers.csv', 'pmacct'],
  ] as const)('%s read as %s is an error that says so', async (file, format) => {
    await expect(fold(file, format)).rejects.toThrow('--from');
  });
});

describe('lines that are broken', () => {
  test.each([
    ['goflow2', '{"bytes":-5,"src_addr":"203.0.113.5"}', 'bytes'],
    ['goflow2', '{"bytes":5}', 'src_addr'],
    ['goflow2', '[1]', 'JSON object'],
    ['pmacct', '{"event_type":"purge","bytes":5}', 'src_host'],
    ['pmacct', '{"ip_src":"203.0.113.5"}', 'bytes'],
    ['csv', 'a,b', 'first line'],
  ] as const)('%s: %s', (format, line, reason) => {
    expect(createLineReader(format)(line)).toMatchObject({ kind: 'broken', reason: expect.stringContaining(reason) });
  });

  test('a broken CSV row does not spoil the next', () => {
    const read = createLineReader('csv');
    expect(read('subscriber,bytes_in,bytes_out').kind).toBe('skip');
    expect(read('203.0.113.5,many,0').kind).toBe('broken');
    expect(read('203.0.113.5,"1').kind).toBe('broken');
    expect(read('203.0.113.5,5,6')).toMatchObject({ kind: 'flow', flow: { bytes: 11, source: '203.0.113.5' } });
  });

  test('no text makes a reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom('goflow2', 'pmacct', 'csv'), (line, format) => {
        const read = createLineReader(format);
        read(line);
        read(line);
      }),
    );
  });
});

describe('periods', () => {
  const flow = (timeMs: number | undefined, bytes = 10) => ({
    timeMs,
    bytes,
    source: '203.0.113.5',
    destination: undefined,
  });

  test('are closed by the clock once nothing more comes', () => {
    const folder = newFolder(MINUTE_START_MS);
    folder.add(flow(undefined), MINUTE_START_MS + 5_000);
    expect(folder.takeClosed(MINUTE_START_MS + 59_000)).toEqual([]);
    folder.add(flow(MINUTE_START_MS + 50_000), MINUTE_START_MS + 61_000);
    expect(folder.takeClosed(MINUTE_START_MS + 62_000)).toEqual([]);
    expect(folder.takeClosed(MINUTE_START_MS + 64_000)).toMatchObject([
      { periodSeconds: 60, subdomains: [{ bytes: 20 }] },
    ]);
  });

  test('what comes too late is counted in the next one, so no byte is lost', () => {
    const folder = newFolder();
    folder.add(flow(MINUTE_START_MS), MINUTE_START_MS);
    folder.add(flow(MINUTE_START_MS + 130_000), MINUTE_START_MS + 130_000);
    expect(folder.takeClosed(MINUTE_START_MS + 130_000)).toHaveLength(1);
    folder.add(flow(MINUTE_START_MS + 1), MINUTE_START_MS + 131_000);
    expect(folder.counts.late).toBe(1);
    const rest = folder.takeAll(MINUTE_START_MS + 200_000);
    expect(rest.map((report) => report.subdomains[0]!.bytes)).toEqual([10, 10]);
  });

  test('that are entered or left in their middle are shorter, with numbers of their own', () => {
    const first = newFolder(MINUTE_START_MS + 20_500);
    first.add(flow(undefined), MINUTE_START_MS + 25_000);
    expect(first.takeAll(MINUTE_START_MS + 41_000)).toMatchObject([
      { sequence: MINUTE_START_MS / 1000 + 21, periodStartMs: MINUTE_START_MS + 21_000, periodSeconds: 20 },
    ]);
  });

  test('an export without times is one period, however long its reading takes', () => {
    const options = { probe: 'dp', periodSeconds: 300, lookup, startedMs: LATER_MS, exportEndMs: LATER_MS + 0.5 };
    const folder = new FlowFolder(options);
    folder.add(flow(undefined), LATER_MS);
    expect(folder.takeClosed(LATER_MS + 60_000)).toEqual([]);
    folder.add(flow(undefined), LATER_MS + 400_000);
    expect(folder.takeAll(LATER_MS + 400_000)).toMatchObject([
      { periodStartMs: LATER_MS - 300_000, periodSeconds: 300, subdomains: [{ bytes: 20 }] },
    ]);
    expect(folder.takeAll(LATER_MS + 400_000)).toEqual([]);
  });

  test('a time to come does not close what is open', () => {
    const folder = newFolder(MINUTE_START_MS);
    folder.add(flow(MINUTE_START_MS + 1e10), MINUTE_START_MS + 1_000);
    folder.add(flow(MINUTE_START_MS + 1_500), MINUTE_START_MS + 2_000);
    expect(folder.takeClosed(MINUTE_START_MS + 2_000)).toEqual([]);
    expect(folder.takeAll(MINUTE_START_MS + 60_000)).toMatchObject([{ subdomains: [{ bytes: 20 }] }]);
  });

  test('an IPv6 user is a /64, however many addresses the user takes', () => {
    const folder = newFolder();
    for (let i = 1; i <= 9; i++) {
      folder.add(
        { timeMs: MINUTE_START_MS, bytes: 1, source: `2001:db8:100:1::${i}`, destination: undefined },
        LATER_MS,
      );
    }
    expect(folder.takeAll(LATER_MS)).toMatchObject([{ subdomains: [{ id: 'north', bytes: 9, users: 1 }] }]);
  });
});

describe('lines', () => {
  test('are the same however the stream is cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '€', ',', '"') });
    fc.assert(
      fc.property(fc.array(line), fc.nat({ max: 7 }), (lines, size) => {
        const text = lines.join('\n');
        const cutter = new LineCutter();
        const cut: string[] = [];
        for (let i = 0; i < text.length; i += size + 1) cut.push(...cutter.cut(text.slice(i, i + size + 1)));
        expect([...cut, ...cutter.end()]).toEqual(lines.filter((each) => each !== ''));
      }),
    );
  });

  test('without end are dropped, and the next one is whole again', () => {
    const cutter = new LineCutter();
    expect(cutter.cut('x'.repeat(100_000))).toEqual([]);
    expect(cutter.cut(`${'x'.repeat(100_000)}\nnext\n`)).toEqual(['next']);
    expect(cutter.overlong).toBe(1);
  });
});

describe('a file that is being written', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'alias-tracker-tail-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('is followed from its end, over a rotation and a truncation', async () => {
    const file = join(directory, 'flows.json');
    writeFileSync(file, 'old\n');
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const lines of linesOfGrowingFile(file, 'end', stop.signal)) seen.push(...lines);
    })();
    const wait = (lines: string[]) =>
      eventually(`${lines}`, () => `${seen.filter((line) => line !== 'begin')}` === `${lines}`, {
        found: () => `${seen}`,
      });
    await eventually('it follows', () => {
      appendFileSync(file, 'begin\n');
      return seen.length > 0;
    });
    appendFileSync(file, 'one\ntw');
    await wait(['one']);
    appendFileSync(file, 'o\n');
    await wait(['one', 'two']);
    renameSync(file, `${file}.1`);
    writeFileSync(file, 'three\n');
    await wait(['one', 'two', 'three']);
    writeFileSync(file, 'x\n');
    await wait(['one', 'two', 'three', 'x']);
    stop.abort();
    await reading;
  });
});
