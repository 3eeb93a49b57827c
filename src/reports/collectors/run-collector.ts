/** Reads a collector's output until it ends or the run is stopped, and passes on a report for each closed period. */
import type { Clock } from '../../domain/clock.js';
import { OperatorError } from '../../domain/errors.js';
import type { DensityReport } from '../density-report.js';
import type { LineReader } from './flow.js';
import type { FlowFolder } from './fold-flows.js';
import { createCsvReader } from './read-csv.js';
import { readGoflow2Line } from './read-goflow2.js';
import { readPmacctLine } from './read-pmacct.js';

export const COLLECTOR_FORMATS = ['goflow2', 'pmacct', 'csv'] as const;
export type CollectorFormat = (typeof COLLECTOR_FORMATS)[number];

export function createLineReader(format: CollectorFormat): LineReader {
  switch (format) {
    case 'goflow2':
      return readGoflow2Line;
    case 'pmacct':
      return readPmacctLine;
    case 'csv':
      return createCsvReader();
  }
}

export interface CollectorRun {
  readonly lines: AsyncIterable<readonly string[]>;
  readonly read: LineReader;
  readonly folder: FlowFolder;
  readonly clock: Clock;
  /** Must have stored the reports durably when it resolves. */
  readonly onReports: (reports: readonly DensityReport[]) => Promise<void>;
}

export interface CollectorResult {
  readonly lines: number;
  readonly broken: number;
  /** Why the first broken line is unreadable. */
  readonly firstBroken: string | undefined;
}

const CLOSE_CHECK_MS = 500;
/** This many broken lines before the first good one mean that the format is wrong. */
const HOPELESS_LINES = 100;

/** @throws OperatorError if the whole input is unreadable; what `onReports` throws */
export async function runCollector(run: CollectorRun): Promise<CollectorResult> {
  let lines = 0;
  let broken = 0;
  let firstBroken: string | undefined;
  let handingOver = Promise.resolve();
  let failure: unknown;
  const handOver = (reports: readonly DensityReport[]): void => {
    if (reports.length === 0) return;
    handingOver = handingOver
      .then(() => run.onReports(reports))
      .catch((thrown) => {
        failure ??= thrown;
      });
  };
  const timer = setInterval(() => {
    try {
      handOver(run.folder.takeClosed(run.clock.nowMs()));
    } catch (thrown) {
      failure ??= thrown;
    }
  }, CLOSE_CHECK_MS);
  try {
    for await (const block of run.lines) {
      const nowMs = run.clock.nowMs();
      for (const line of block) {
        lines++;
        const result = run.read(line);
        if (result.kind === 'flow') run.folder.add(result.flow, nowMs);
        else if (result.kind === 'broken') {
          broken++;
          firstBroken ??= `line ${lines}: ${result.reason}`;
          if (broken === lines && broken >= HOPELESS_LINES) throw unreadable(firstBroken);
        }
      }
      handOver(run.folder.takeClosed(nowMs));
      await handingOver;
      if (failure !== undefined) throw failure;
    }
  } finally {
    clearInterval(timer);
  }
  handOver(run.folder.takeAll(run.clock.nowMs()));
  await handingOver;
  if (failure !== undefined) throw failure;
  if (lines > 0 && broken === lines) throw unreadable(firstBroken!);
  return { lines, broken, firstBroken };
}

function unreadable(reason: string): OperatorError {
  return new OperatorError(`this is not the format that --from names: ${reason}`, { code: 'failed' });
}
