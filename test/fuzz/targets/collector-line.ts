/** Lines of collectors (goflow2, pmacct, CSV), folded into density reports. */
import type { Random } from '../../../src/domain/random.js';
import { MAX_LINE_CHARACTERS } from '../../../src/reports/collectors/flow.js';
import { FlowFolder } from '../../../src/reports/collectors/fold-flows.js';
import { LineCutter } from '../../../src/reports/collectors/read-lines.js';
import { COLLECTOR_FORMATS, createLineReader } from '../../../src/reports/collectors/run-collector.js';
import { bytesOf, type FuzzTarget, holds, pick, textOf } from '../fuzz-target.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');
const PERIOD_SECONDS = 60;

export const collectorLine: FuzzTarget = {
  name: 'collector-line',
  about: 'lines of goflow2, pmacct and CSV: flows, or a reason; the reports made of them are well-formed',
  words: [
    '\n',
    '{',
    '}',
    '"bytes":',
    '"src_addr":"203.0.113.7"',
    ',',
    '"',
    '-1',
    '1e30',
    '9007199254740993',
    'src_addr,dst_addr,bytes',
    '"sampling_rate":',
    '1970-01-01',
    '\\ud800',
  ],
  maxInputBytes: 2 * MAX_LINE_CHARACTERS,
  create: () => ({ make: makeLines, run: runLines }),
};

function makeLines(random: Random): Uint8Array {
  const format = random.below(COLLECTOR_FORMATS.length);
  const bytes = pick(random, ['0', '1500', '9007199254740991', '"77"', '-1', 'x']);
  const time = pick(random, ['1795341900', '1795341900000000000', '"2026-11-22 10:04:00"', '0', '1e308']);
  const line = (): string =>
    pick(
      random,
      [
        [
          `{"src_addr":"203.0.113.7","dst_addr":"9.9.9.9","bytes":${bytes},"time_received_ns":${time},"sampling_rate":10}`,
        ],
        [
          `{"ip_src":"203.0.113.7","ip_dst":"203.0.113.200","bytes":${bytes},"stamp_inserted":${time}}`,
          '{"event_type":"purge_init"}',
        ],
        [`203.0.113.7,9.9.9.9,${bytes},${time}`, '"203.0.113.7","","5",', '# comment'],
      ][format]!,
    );
  const lines = Array.from({ length: random.below(6) }, line);
  if (format === 2)
    lines.unshift(pick(random, ['src_addr,dst_addr,bytes,time', 'subscriber,bytes_in,bytes_out', 'a,b']));
  return bytesOf(`${String.fromCharCode(format)}${lines.join('\n')}\n`);
}

function runLines(input: Uint8Array): string {
  const format = COLLECTOR_FORMATS[(input[0] ?? 0) % COLLECTOR_FORMATS.length]!;
  const text = textOf(input.subarray(1));
  const read = createLineReader(format);
  const cutter = new LineCutter();
  const folder = new FlowFolder({
    probe: 'dp',
    periodSeconds: PERIOD_SECONDS,
    lookup: (address) => (address.startsWith('203.0.113.') ? { subdomain: 'north', user: address } : undefined),
    startedMs: 0,
  });
  const half = text.length >>> 1;
  const lines = [...cutter.cut(text.slice(0, half)), ...cutter.cut(text.slice(half)), ...cutter.end()];
  let flows = 0;
  for (const line of lines) {
    holds(line.length <= MAX_LINE_CHARACTERS, 'a line is bounded');
    const result = read(line);
    if (result.kind === 'broken')
      holds(result.reason !== '' && result.reason.length < 500, 'a broken line has a reason');
    if (result.kind !== 'flow') continue;
    flows++;
    holds(result.flow.bytes >= 0 && Number.isFinite(result.flow.bytes), 'bytes are a count', () => line);
    folder.add(result.flow, NOW_MS);
  }
  for (const report of folder.takeAll(NOW_MS)) {
    holds(Number.isSafeInteger(report.periodStartMs) && report.periodSeconds >= 1, 'a report has a period', () =>
      JSON.stringify(report),
    );
    holds(report.periodSeconds <= PERIOD_SECONDS, 'a period is as long as was asked for');
    for (const { bytes, users } of report.subdomains) holds(bytes >= 0 && (users ?? 0) >= 0, 'a report has counts');
  }
  return flows > 0 ? `${format} flows` : `${format} nothing`;
}
