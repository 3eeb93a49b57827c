/** What a soak has found, and whether that is good. Pure. */

export interface FaultFigures {
  readonly fault: string;
  /** Since the start of the soak. */
  readonly atSeconds: number;
  /** From the end of the fault until the program was ready and everything answered; null: it did not recover. */
  readonly recoveredMs: number | null;
  /** The longest time without an answer, by witness, and how long it may be; ms. */
  readonly gaps: Readonly<Record<string, { readonly longestMs: number; readonly allowedMs: number }>>;
}

export interface SoakFigures {
  readonly seconds: number;
  readonly load: { readonly answers: number; readonly lost: number };
  readonly witnesses: Readonly<
    Record<string, { readonly answers: number; readonly failures: number; readonly longestGapMs: number }>
  >;
  readonly faults: readonly FaultFigures[];
  readonly acknowledged: { readonly reports: number; readonly denials: number; readonly refused: number };
  /** Acknowledged, and not in the database. */
  readonly missing: readonly string[];
  readonly residentBytes: readonly number[];
  readonly unexpectedEnds: number;
  /** Of the stop at the end. */
  readonly exitCode: number | null;
}

const MIB = 2 ** 20;
/** What a heap may differ by, from one collection to the next. */
const MEMORY_NOISE_BYTES = 96 * MIB;
const MEMORY_GROWTH = 1.15;

/** Medians of the second and of the last fifth: the first one fills caches and the store. */
export function memoryOf(samples: readonly number[]): { readonly earlyBytes: number; readonly lateBytes: number } {
  const fifth = Math.floor(samples.length / 5);
  return { earlyBytes: medianOf(samples.slice(fifth, 2 * fifth + 1)), lateBytes: medianOf(samples.slice(-fifth - 1)) };
}

/** @returns what is wrong, one line each; empty if the soak passed */
export function failuresOf(figures: SoakFigures): string[] {
  const { faults, witnesses, missing, unexpectedEnds, exitCode, acknowledged, load } = figures;
  const failures: string[] = [];
  for (const { fault, gaps, recoveredMs } of faults) {
    if (recoveredMs === null) failures.push(`${fault}: it did not recover`);
    for (const [witness, { longestMs, allowedMs }] of Object.entries(gaps)) {
      if (longestMs > allowedMs) {
        failures.push(`${fault}: ${witness} had no answer for ${seconds(longestMs)} (allowed: ${seconds(allowedMs)})`);
      }
    }
  }
  for (const [name, { answers }] of Object.entries(witnesses))
    if (answers === 0) failures.push(`${name} never answered`);
  if (load.answers === 0) failures.push('the load got no answer');
  if (acknowledged.reports === 0) failures.push('no report was acknowledged');
  if (missing.length > 0) failures.push(`${missing.length} acknowledged are lost, the first: ${missing[0]}`);
  if (unexpectedEnds > 0) failures.push(`the process ended ${unexpectedEnds} times by itself`);
  if (exitCode !== 0) failures.push(`the stop at the end gave exit code ${exitCode}`);
  const { earlyBytes, lateBytes } = memoryOf(figures.residentBytes);
  if (lateBytes > MEMORY_GROWTH * earlyBytes + MEMORY_NOISE_BYTES) {
    failures.push(`memory grew from ${mib(earlyBytes)} to ${mib(lateBytes)}`);
  }
  return failures;
}

export function describe(figures: SoakFigures, failures: readonly string[]): string {
  const { load, acknowledged, witnesses, faults } = figures;
  const { earlyBytes, lateBytes } = memoryOf(figures.residentBytes);
  const names = Object.keys(witnesses);
  return [
    `| fault | at | ${names.map((name) => `${name}: longest gap`).join(' | ')} | recovered after |`,
    `|---|---:|${'---:|'.repeat(names.length)}---:|`,
    ...faults.map(
      ({ fault, atSeconds, gaps, recoveredMs }) =>
        `| ${fault} | ${Math.round(atSeconds)} s | ${names.map((name) => seconds(gaps[name]?.longestMs ?? 0)).join(' | ')} | ${recoveredMs === null ? '**never**' : seconds(recoveredMs)} |`,
    ),
    '',
    `Load: ${load.answers.toLocaleString('en')} announces answered, ${load.lost.toLocaleString('en')} without an answer.`,
    ...names.map((name) => {
      const { answers, failures: failed, longestGapMs } = witnesses[name]!;
      return `${name}: ${answers} answers, ${failed} failures, longest gap ${seconds(longestGapMs)}.`;
    }),
    `Acknowledged: ${acknowledged.reports} reports, ${acknowledged.denials} denials; ${acknowledged.refused} refused; ${figures.missing.length} lost.`,
    `Memory: ${mib(earlyBytes)} early, ${mib(lateBytes)} late.`,
    failures.length === 0 ? 'Passed.' : `Failed:\n${failures.map((line) => `- ${line}`).join('\n')}`,
  ].join('\n');
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
