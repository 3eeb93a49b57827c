/** `alarms`: what needs attention, with what to do, from the running tracker. */
import type { Command } from 'commander';
import {
  ALARMS_PATH,
  type AlarmDocument,
  type AlarmsAnswer,
  MAX_ALARM_ROWS,
} from '../../operation/api/alarm-routes.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';
import { wholeNumberOption } from '../whole-number.js';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
  readonly history?: boolean;
  readonly severity?: string;
  readonly limit?: string;
}

export function registerAlarmsCommand(program: Command, context: CliContext): void {
  addConnectionOptions(program.command('alarms').description('show what needs attention, and what to do'))
    .option('--json', 'print as JSON')
    .option('--history', 'also those that have ended, the latest first')
    .option('--severity <severity>', 'only warning or critical')
    .option('--limit <n>', 'how many of the history at most (default 100)')
    .addHelpText('after', '\nThe exit code is 0, also if alarms are open.')
    .action((options: Options) => show(options, context));
}

async function show(options: Options, context: CliContext): Promise<void> {
  const limit = wholeNumberOption('--limit', options.limit ?? '100', 1, MAX_ALARM_ROWS);
  const query = new URLSearchParams({ limit: String(limit), history: String(options.history === true) });
  if (options.severity !== undefined) query.set('severity', options.severity);
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(`${ALARMS_PATH}?${query}`)) as AlarmsAnswer;
  if (options.json) {
    context.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const { open, history } = answer;
  context.stdout.write(open.length === 0 ? 'no alarm is open\n' : open.map(inLines).join('\n'));
  if (!options.history) return;
  const rows = history.map(({ begunAt, endedAt, severity, id, text }) => [
    begunAt,
    endedAt ?? 'open',
    severity,
    id,
    text,
  ]);
  context.stdout.write(`\n${formatTable(['BEGUN', 'ENDED', 'SEVERITY', 'ALARM', 'WHAT'], rows)}`);
}

function inLines({ severity, id, begunAt, text, remedy, document }: AlarmDocument): string {
  return `${severity}: ${text}\n  since ${begunAt} (${id})\n  to do: ${remedy}\n  see ${document}\n`;
}
