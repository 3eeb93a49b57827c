/**
 * `report capability`: reports what a node can serve, stated or measured; with `--every` an agent for caches and nodes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { ControlCallError } from '../../control-api/control-client.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import { createNodeMeter } from '../../reports/client/measure-node.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { wholeNumberOption } from '../whole-number.js';

interface CapabilityOptions extends ConnectionOptions {
  readonly address?: string;
  readonly port?: string;
  readonly role?: 'peer' | 'cache';
  readonly cpu?: string;
  readonly memory?: string;
  readonly uplink?: string;
  readonly lineBps: string;
  readonly interface?: string;
  readonly every?: string;
  readonly json?: boolean;
}

const MAX_BPS = 1e12;
const MAX_EVERY_SECONDS = 3_600;
/** Utilisations are averaged over this before the first report. */
const FIRST_MEASUREMENT_MS = 1_000;

export function registerReportCapabilityCommand(report: Command, context: CliContext): void {
  const command = report
    .command('capability')
    .description('report what a node can serve: measured on this machine, or as given')
    .option('--address <address>', 'the node (default: this machine); another machine needs a control token')
    .option('--port <port>', 'the port of its BitTorrent client')
    .addOption(new Option('--role <role>', 'cache: the operator’s own').choices(['peer', 'cache']))
    .option('--cpu <share>', 'CPU utilisation 0 … 1; any of these three disables measuring')
    .option('--memory <share>', 'memory utilisation 0 … 1')
    .option('--uplink <bps>', 'free uplink in bits per second')
    .option(
      '--line-bps <bps>',
      'capacity of the line in bits per second; the free uplink is this minus the traffic sent',
      '100000000',
    )
    .option('--interface <name>', 'the network interface to measure (else that of the default route)')
    .option('--every <seconds>', 'keep reporting until stopped')
    .option('--json', 'print what was sent as JSON');
  addConnectionOptions(command).action((options: CapabilityOptions) => reportCapability(options, context));
}

async function reportCapability(options: CapabilityOptions, context: CliContext): Promise<void> {
  const everySeconds =
    options.every === undefined ? undefined : wholeNumberOption('--every', options.every, 1, MAX_EVERY_SECONDS);
  const measure = measurementOf(options);
  const client = connect(options, context, (config) => config.control?.token);
  const fixed = {
    ...(options.address === undefined ? {} : { address: formatIp(parseIp(options.address)) }),
    ...(options.port === undefined ? {} : { port: wholeNumberOption('--port', options.port, 1, 65_535) }),
    ...(options.role === undefined ? {} : { role: options.role }),
  };
  for (;;) {
    const body = { ...fixed, ...(await measure(context.signal)) };
    try {
      const answer = await client.post('/api/v1/capability', body);
      const line = options.json ? JSON.stringify({ sent: body, answer }) : describe(body, answer);
      context.stdout.write(`${line}\n`);
    } catch (thrown) {
      // An agent survives a restart of the tracker, but not an invalid configuration.
      if (everySeconds === undefined || !(thrown instanceof ControlCallError) || !thrown.isTemporary) throw thrown;
      context.stderr.write(`${messageOf(thrown)}; next try in ${everySeconds} s\n`);
    }
    if (everySeconds === undefined) return;
    await sleep(everySeconds * 1000, undefined, { signal: context.signal }).catch(() => undefined);
    if (context.signal.aborted) return;
  }
}

/** The stated values and nothing else; or everything measured. */
function measurementOf(options: CapabilityOptions): (signal: AbortSignal) => Promise<Record<string, number>> {
  const given: Record<string, number> = {};
  if (options.cpu !== undefined) given.cpuUtilisation = share('--cpu', options.cpu);
  if (options.memory !== undefined) given.memoryUtilisation = share('--memory', options.memory);
  if (options.uplink !== undefined)
    given.availableUplinkBps = wholeNumberOption('--uplink', options.uplink, 0, MAX_BPS);
  if (Object.keys(given).length > 0) return async () => given;
  const lineBps = wholeNumberOption('--line-bps', options.lineBps, 1, MAX_BPS);
  const meter = createNodeMeter(lineBps, options.interface);
  let first = true;
  return async (signal) => {
    if (first) {
      await meter.measure();
      await sleep(FIRST_MEASUREMENT_MS, undefined, { signal }).catch(() => undefined);
      first = false;
    }
    return { ...(await meter.measure()) };
  };
}

function share(name: string, text: string): number {
  const value = /^\d(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new OperatorError(`${name} is a share from 0 to 1, not "${text}"`);
}

function describe(body: Record<string, unknown>, answer: unknown): string {
  const { clamped } = answer as { clamped?: { clamped: string[] }[] };
  const cut = clamped?.flatMap((each) => each.clamped) ?? [];
  const facts = Object.entries(body).map(([name, value]) => `${name} ${value}`);
  return `reported ${facts.join(', ')}${cut.length === 0 ? '' : `; the tracker lowered ${cut.join(', ')}`}`;
}
