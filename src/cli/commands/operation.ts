/** `operation`, `pause`, `resume`, `drain` and `log`: day-to-day operation, through the control API of the running tracker. */
import { Argument, type Command } from 'commander';
import { parseDurationMs } from '../../config-kit/units.js';
import { counted } from '../../domain/counted.js';
import { OperatorError } from '../../domain/errors.js';
import { AUDIT_PATH, type AuditAnswer, MAX_AUDIT_ROWS } from '../../operation/api/audit-routes.js';
import {
  DRAIN_PATH,
  MAX_PAUSE_SECONDS,
  OPERATION_PATH,
  type OperationAnswer,
  PAUSE_PATH,
  RESUME_PATH,
  type ResumeAnswer,
} from '../../operation/api/operation-routes.js';
import { PAUSABLE, PAUSES, type Pausable, type PauseName } from '../../operation/pauses.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { type Cell, formatTable } from '../table.js';
import { wholeNumberOption } from '../whole-number.js';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
}

interface LogOptions extends Options {
  readonly action?: string;
  readonly actor?: string;
  readonly result?: string;
  readonly from?: string;
  readonly to?: string;
  readonly before?: string;
  readonly limit?: string;
}

export function registerOperationCommands(program: Command, context: CliContext): void {
  const add = (name: string, description: string): Command =>
    addConnectionOptions(program.command(name).description(description)).option('--json', 'print as JSON');
  add('operation', 'show what is paused, and whether the tracker drains').action((options: Options) =>
    show(options, context),
  );
  add('pause', 'pause the redirection or the localisation, without a change of the configuration')
    .addArgument(new Argument('<what>', 'what to pause').choices(PAUSABLE))
    .option('--for <duration>', 'e.g. 10m or 1h (default: until resumed)')
    .addHelpText('after', '\nredirection: DNS forwards every name. localisation: clients get peers at random.')
    .action((what: Pausable, options: Options & { for?: string }) => pause(what, options, context));
  add('resume', 'end a pause or the drain')
    .addArgument(new Argument('[what]', 'what to resume (default: all)').choices(PAUSES))
    .action((what: PauseName | undefined, options: Options) => resume(what, options, context));
  add('drain', 'withdraw the redirections and let load balancers leave; announces are still answered').action(
    (options: Options) => drain(options, context),
  );
  add('log', 'show what operators changed: who, from where, when and with which result')
    .option('--action <action>', 'only this action, such as pause')
    .option('--actor <name>', 'only by this one')
    .option('--result <result>', 'only done, refused or failed')
    .option('--from <time>', 'only since then, such as 2026-11-22T10:00:00Z')
    .option('--to <time>', 'only before then')
    .option('--before <id>', 'the next page: the id of the last entry of the page before')
    .option('--limit <n>', 'how many at most (default 100)')
    .action((options: LogOptions) => log(options, context));
}

async function show(options: Options, context: CliContext): Promise<void> {
  const answer = (await client(options, context).get(OPERATION_PATH)) as OperationAnswer;
  print(answer, options, context);
}

async function pause(what: Pausable, options: Options & { for?: string }, context: CliContext): Promise<void> {
  const forSeconds = options.for === undefined ? null : secondsOf(options.for);
  print((await client(options, context).post(PAUSE_PATH, { what, forSeconds })) as OperationAnswer, options, context);
}

async function resume(what: PauseName | undefined, options: Options, context: CliContext): Promise<void> {
  const body = what === undefined ? {} : { what };
  const answer = (await client(options, context).post(RESUME_PATH, body)) as ResumeAnswer;
  if (!options.json) {
    const { resumed } = answer;
    context.stdout.write(resumed.length === 0 ? 'nothing was paused\n' : `resumed: ${resumed.join(', ')}\n`);
  }
  print(answer, options, context);
}

async function drain(options: Options, context: CliContext): Promise<void> {
  print((await client(options, context).post(DRAIN_PATH, {})) as OperationAnswer, options, context);
  if (!options.json) context.stdout.write('alias-tracker operation shows when no client announces any more\n');
}

async function log(options: LogOptions, context: CliContext): Promise<void> {
  const limit = wholeNumberOption('--limit', options.limit ?? '100', 1, MAX_AUDIT_ROWS);
  const query = new URLSearchParams({ limit: String(limit) });
  for (const key of ['action', 'actor', 'result', 'from', 'to', 'before'] as const) {
    const value = options[key];
    if (value !== undefined) query.set(key, value);
  }
  const answer = (await client(options, context).get(`${AUDIT_PATH}?${query}`)) as AuditAnswer;
  if (options.json) {
    context.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  if (answer.entries.length === 0) {
    context.stdout.write('no operator has changed anything\n');
    return;
  }
  const rows = answer.entries.map(({ id, at, actor, address, action, subject, result, details }): Cell[] => [
    ...[id, at, actor, address ?? '-', action, subject ?? '-', result],
    Object.keys(details).length === 0 ? '-' : JSON.stringify(details),
  ]);
  context.stdout.write(formatTable(['ID', 'TIME', 'WHO', 'FROM', 'ACTION', 'WHAT', 'RESULT', 'DETAILS'], rows));
  if (answer.next !== null) context.stdout.write(`more: alias-tracker log --before ${answer.next}\n`);
}

function print(answer: OperationAnswer, options: Options, context: CliContext): void {
  if (options.json) {
    context.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const { redirection, localisation, drain: drained } = answer;
  const row = (what: string, { paused, since, until, by }: OperationAnswer['redirection']): Cell[] => [
    ...[what, paused ? 'paused' : 'on', since ?? '-', paused ? (until ?? 'resumed') : '-', by ?? '-'],
  ];
  const state = !drained.draining ? 'off' : drained.quiet ? 'draining, no client announces' : 'draining';
  const rows: Cell[][] = [
    row('redirection', redirection),
    row('localisation', localisation),
    ['drain', state, drained.since ?? '-', drained.draining ? 'resumed' : '-', drained.by ?? '-'],
  ];
  context.stdout.write(formatTable(['WHAT', 'STATE', 'SINCE', 'UNTIL', 'BY'], rows));
  if (drained.draining) {
    context.stdout.write(
      `${counted(drained.announces ?? 0, 'announce')} since; the last at ${drained.lastAnnounceAt ?? '-'}\n`,
    );
  }
}

/** @throws OperatorError */
function secondsOf(text: string): number {
  const ms = parseDurationMs(text);
  const seconds = ms === undefined ? 0 : Math.ceil(ms / 1_000);
  if (seconds >= 1 && seconds <= MAX_PAUSE_SECONDS) return seconds;
  throw new OperatorError(`--for is a duration with its unit, from 1s to 366d, such as 10m or 1h; not "${text}"`);
}

function client(options: ConnectionOptions, context: CliContext) {
  return connect(options, context, (config) => config.control?.token);
}
