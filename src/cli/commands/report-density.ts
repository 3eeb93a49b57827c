/** `report density`: sends one value by hand, or with `--from` everything that a collector writes. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../../config/config-schema.js';
import { counted } from '../../domain/counted.js';
import { errorCodeOf, messageOf, OperatorError } from '../../domain/errors.js';
import { ReportSpool } from '../../reports/client/report-spool.js';
import { type ReportFate, SpoolSender } from '../../reports/client/send-spool.js';
import { FlowFolder } from '../../reports/collectors/fold-flows.js';
import { linesOfGrowingFile, linesOfStream } from '../../reports/collectors/read-lines.js';
import {
  COLLECTOR_FORMATS,
  type CollectorFormat,
  createLineReader,
  runCollector,
} from '../../reports/collectors/run-collector.js';
import { createSubdomainLookup } from '../../reports/collectors/subdomain-lookup.js';
import type { DensityReport } from '../../reports/density-report.js';
import { readDataFile } from '../../topology/data-file.js';
import type { SubdomainPrefixes } from '../../topology/operator-network.js';
import { parseSubdomainCsv } from '../../topology/subdomain-csv.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { wholeNumberOption } from '../whole-number.js';

interface DensityOptions extends ConnectionOptions {
  readonly probe: string;
  readonly subdomain?: string;
  readonly bytes?: string;
  readonly users?: string;
  readonly period?: string;
  readonly sequence?: string;
  readonly from?: CollectorFormat;
  readonly file?: string;
  readonly follow?: boolean;
  readonly every: string;
  readonly spool?: string;
  readonly json?: boolean;
}

const MAX_PERIOD_SECONDS = 21_600;

export function registerReportDensityCommand(report: Command, context: CliContext): void {
  const command = report
    .command('density')
    .description('report the traffic of sub-domains')
    .requiredOption('--probe <id>', 'the reporting probe, as in reports.probes or "token new"')
    .option('--subdomain <id>', 'by hand: the sub-domain')
    .option('--bytes <n>', 'by hand: bytes of the period, both directions')
    .option('--users <n>', 'by hand: users there; omit if the BRAS reports them')
    .option('--period <seconds>', 'by hand: the period, which ends now (300)')
    .option('--sequence <n>', 'by hand: the report’s number (else the time)')
    .addOption(new Option('--from <format>', 'read a collector’s output on standard input').choices(COLLECTOR_FORMATS))
    .option('--file <file>', 'with --from: read this file instead')
    .option('--follow', 'with --file: read new lines until stopped')
    .option('--every <seconds>', 'with --from: the period of the reports; of an export without times, its period', '60')
    .option(
      '--spool <directory>',
      'with --from: where reports are stored until the tracker accepts them (else in storage.directory)',
    )
    .option('--sign', 'sign requests with the token instead of sending it')
    .option('--json', 'print what was sent as JSON');
  addConnectionOptions(command)
    .addHelpText(
      'after',
      '\nCollectors: goflow2 | alias-tracker report density --probe dp-north --from goflow2' +
        '\n            pmacct: print_output: json; csv: the first line names the columns (subscriber,bytes_in,bytes_out)',
    )
    .action((options: DensityOptions) => {
      return options.from === undefined ? byHand(options, context) : fromCollector(options, options.from, context);
    });
}

async function byHand(options: DensityOptions, context: CliContext): Promise<void> {
  if (options.subdomain === undefined || options.bytes === undefined) {
    throw new OperatorError('give --subdomain and --bytes, or --from for a collector’s output');
  }
  const count = (name: string, text: string): number => wholeNumberOption(name, text, 0, Number.MAX_SAFE_INTEGER);
  const periodSeconds = wholeNumberOption('--period', options.period ?? '300', 1, MAX_PERIOD_SECONDS);
  const nowMs = context.clock.nowMs();
  const body = {
    probe: options.probe,
    sequence: options.sequence === undefined ? nowMs : count('--sequence', options.sequence),
    periodStart: new Date(nowMs - periodSeconds * 1000).toISOString(),
    periodSeconds,
    subdomains: [
      {
        id: options.subdomain,
        bytes: count('--bytes', options.bytes),
        ...(options.users === undefined ? {} : { users: count('--users', options.users) }),
      },
    ],
  };
  const answer = (await clientOf(options, context).post('/api/v1/density', body)) as {
    duplicate: boolean;
    quarantined: { subdomain: string; reason: string }[];
  };
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (answer.duplicate) context.stdout.write('the tracker already has this report\n');
  else if (answer.quarantined.length === 0) context.stdout.write('accepted\n');
  for (const { subdomain, reason } of answer.quarantined) {
    throw new OperatorError(`accepted, but quarantined: ${subdomain}: ${reason}; see GET /api/v1/probes`, {
      code: 'failed',
    });
  }
}

async function fromCollector(options: DensityOptions, format: CollectorFormat, context: CliContext): Promise<void> {
  if (options.follow && options.file === undefined) throw new OperatorError('--follow goes with --file');
  const periodSeconds = wholeNumberOption('--every', options.every, 1, MAX_PERIOD_SECONDS);
  // The configuration says which address is in which sub-domain.
  const config = context.loadConfig(options.config);
  const lookup = createSubdomainLookup(await subdomainsOf(config));
  const spool = new ReportSpool(options.spool ?? join(config.storage.directory, 'spool', options.probe));
  const notice = (line: string): void => void context.stderr.write(`${line}\n`);
  const onTaken = (report: unknown, fate: ReportFate): void => {
    const line = options.json ? JSON.stringify(report) : describe(report as ReportBody, fate);
    context.stdout.write(`${line}\n`);
  };
  const sender = new SpoolSender({ spool, client: clientOf(options, context), onNotice: notice, onTaken });
  const stopSending = new AbortController();
  const sending = sender.keepSending(stopSending.signal);
  const folder = new FlowFolder({
    probe: options.probe,
    periodSeconds,
    lookup,
    startedMs: context.clock.nowMs(),
    exportEndMs: await exportEndOf(options, format, context),
  });
  try {
    const result = await runCollector({
      lines: linesOf(options, context),
      read: createLineReader(format),
      folder,
      clock: context.clock,
      onReports: async (reports) => {
        for (const report of reports) await spool.add(report.sequence, bodyOf(report));
      },
    });
    const { flows, foreign, late } = folder.counts;
    notice(
      `${counted(result.lines, 'line')}: ${counted(flows, 'flow')}, ${foreign} of them not in any sub-domain, ${late} late, ${result.broken} lines broken` +
        (result.firstBroken === undefined ? '' : ` (${result.firstBroken})`),
    );
  } finally {
    stopSending.abort();
    await sending;
  }
  if (await sender.send()) return;
  const { waiting } = await spool.trim();
  throw new OperatorError(`the spool has ${counted(waiting, 'report')} left; the next run sends them`, {
    code: 'failed',
  });
}

/**
 * The end of the only period of an export without times: when its file was last written. A followed file and the JSON
 * of a running collector are live, so there the time of reading replaces a missing time.
 */
async function exportEndOf(
  { file, follow }: DensityOptions,
  format: CollectorFormat,
  context: CliContext,
): Promise<number | undefined> {
  const nowMs = context.clock.nowMs();
  if (follow || (file === undefined && format !== 'csv')) return undefined;
  const written = file === undefined ? undefined : await stat(file).catch(() => undefined);
  return written?.isFile() ? Math.min(nowMs, written.mtimeMs) : nowMs;
}

async function* linesOf(options: DensityOptions, context: CliContext): AsyncGenerator<string[]> {
  if (options.file !== undefined && options.follow) {
    yield* linesOfGrowingFile(options.file, 'end', context.signal);
    return;
  }
  const stream = options.file === undefined ? context.stdin : createReadStream(options.file);
  const stop = (): void => void ('destroy' in stream && typeof stream.destroy === 'function' && stream.destroy());
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    yield* linesOfStream(stream as AsyncIterable<Buffer | string>);
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    // Stopped on request: what was read counts.
    if (context.signal.aborted || code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new OperatorError(messageOf(thrown), { code: 'file-access' });
    throw thrown;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

async function subdomainsOf(config: Config): Promise<readonly SubdomainPrefixes[]> {
  const { subdomains } = config.operator;
  const list = 'file' in subdomains ? parseSubdomainCsv(await readDataFile(subdomains.file)) : subdomains;
  if (list.length === 0) throw new OperatorError('the configuration has no operator.subdomains to fold flows to');
  return list;
}

function clientOf(options: DensityOptions, context: CliContext) {
  const tokenOf = (config: Config): string | undefined =>
    config.reports.probes.find((probe) => probe.id === options.probe)?.token;
  return connect(options, context, tokenOf, options.sign ? options.probe : undefined);
}

/** As sent, and as stored in the spool. */
type ReportBody = Omit<DensityReport, 'periodStartMs'> & { readonly periodStart: string };

function bodyOf({ periodStartMs, ...report }: DensityReport): ReportBody {
  return { ...report, periodStart: new Date(periodStartMs).toISOString() };
}

function describe({ periodStart, periodSeconds, subdomains }: ReportBody, fate: ReportFate): string {
  const values = subdomains.map(({ id, bytes, users }) => `${id} ${bytes} bytes of ${users ?? '?'} users`);
  const doubts = fate.quarantined.map(({ subdomain, reason }) => `; not believed: ${subdomain}: ${reason}`);
  const known = fate.duplicate ? '; the tracker already has it' : '';
  return `${periodStart} ${periodSeconds} s: ${values.join(', ')}${known}${doubts.join('')}`;
}
