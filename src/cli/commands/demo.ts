/** `demo`: simulated users and probes beside a running lab, which show what the tracker does. */

import { type Command, InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../../config-kit/units.js';
import { startDeadline } from '../../domain/deadline.js';
import { createRandom } from '../../domain/random.js';
import type { DemoState } from '../../lab/run-demo.js';
import type { CliContext } from '../cli-context.js';
import { describeDemo, drawDemo } from '../draw-demo.js';
import { loadLab } from '../load-lab.js';

const MAX_USERS = 200;
const REDRAW_EVERY_MS = 500;
const LINE_EVERY_MS = 2_000;
const REPORT_PERIOD_SECONDS = 10;
const CLEAR_SCREEN = '\x1b[H\x1b[2J';

interface DemoCommandOptions {
  readonly config?: string;
  readonly users: number;
  readonly for?: number;
  readonly json?: boolean;
}

export function registerDemoCommand(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('simulated users and DPI probes beside a running lab (npm start), with a live view')
    .option('-c, --config <file>', 'the configuration that the lab runs with')
    .option('--users <number>', `how many users, up to ${MAX_USERS}`, parseUsers, 25)
    .option('--for <duration>', 'stop after this time, e.g. 2m', parseFor)
    .option('--json', 'print a line of JSON every two seconds instead of the view')
    .action((options: DemoCommandOptions) => demo(options, context));
}

async function demo(options: DemoCommandOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const { runDemo } = await loadLab(() => import('../../lab/run-demo.js'));
  const signal = options.for === undefined ? context.signal : startDeadline(options.for, context.signal).signal;
  const live = context.stdout.isTTY === true && options.json !== true;
  let shownAtMs = 0;
  const onState = (state: DemoState): void => {
    const nowMs = context.clock.nowMs();
    if (nowMs - shownAtMs < (live ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return;
    shownAtMs = nowMs;
    if (options.json) context.stdout.write(`${JSON.stringify(summary(state))}\n`);
    else if (live) context.stdout.write(`${CLEAR_SCREEN}${drawDemo(state, REPORT_PERIOD_SECONDS)}`);
    else context.stdout.write(describeDemo(state));
  };
  const { clock } = context;
  await runDemo(config, { users: options.users, clock, random: createRandom(clock.nowMs() >>> 0), signal, onState });
}

function summary({ announces, failures, innerShare, users, samples }: DemoState) {
  return {
    announces,
    failures,
    innerShare: innerShare ?? null,
    users: users.map(({ network, address, torrent, leftBytes, innerPeers, foreignPeers }) => ({
      network: network.name,
      address,
      infoHash: torrent.infoHash,
      leftBytes,
      innerPeers,
      foreignPeers,
    })),
    density: samples,
  };
}

function parseUsers(text: string): number {
  const users = Number(text);
  if (!Number.isInteger(users) || users < 1 || users > MAX_USERS) {
    throw new InvalidArgumentError(`expected a whole number from 1 to ${MAX_USERS}`);
  }
  return users;
}

function parseFor(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError('expected a duration with its unit, e.g. 30s or 2m');
  return durationMs;
}
