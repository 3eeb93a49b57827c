/** Command line of the benchmark. */
import { parseArgs } from 'node:util';
import { SCENARIOS, type Scenario } from './scenarios.js';
import type { ServerKind } from './servers/start-server.js';

export interface BenchOptions {
  readonly only: readonly string[];
  /** Empty: all that compete. */
  readonly servers: readonly ServerKind[];
  readonly rounds: number;
  readonly seconds: number;
  readonly json: boolean;
}

const FULL = { rounds: 5, seconds: 3 };
const QUICK = { rounds: 3, seconds: 1 };
const LIMITS = { rounds: 20, seconds: 60 };

const SERVERS = [...new Set(SCENARIOS.flatMap(({ servers }) => servers))];

export const HELP = `npm run bench -- PROGRAM [OPTION …]
npm run bench -- [--quick] [--only NAME,…] [--servers NAME,…] [--rounds N] [--seconds N] [--json]

Measures answers per CPU-second of the server and memory per peer, servers alternating, medians of all rounds.
Servers run on core 0, the load generator on core 1; nothing leaves this machine.

  --quick      ${QUICK.rounds} rounds of ${QUICK.seconds} s instead of ${FULL.rounds} of ${FULL.seconds} s
  --only NAME  ${SCENARIOS.map(nameInHelp).join(', ')}
               (* only when named)
  --servers NAME  only these of those that compete: ${SERVERS.join(', ')}
  --rounds N   rounds of each server in each scenario, 1 … ${LIMITS.rounds}
  --seconds N  seconds of each server in a round, in turns of one second, 1 … ${LIMITS.seconds}
  --json       figures of every round as JSON instead of tables

PROGRAM is one of
  crawl           a crawl of 30 sites with 50,000 torrents, its memory, and DNS answers meanwhile
  dns             the redirection against dnsmasq and Unbound, by dnsperf, and a burst of questions
  micro-announce, micro-selection, micro-topology
                  parts of the tracker in one process, without a kernel
  mirror-site     searches, pages and torrent files with 100,000 torrents, and memory with slow clients (needs wrk)
  mix-curve       what the defaults of the inner/foreign mix cost and save, in simulated swarms
  original-trackers  10,000 torrents in need on 20 real original trackers, and hostile ones (needs opentracker)
  pass-through    the mirror site in an original's place beside nginx as a reverse proxy, and slow readers
  reports         how many reports one core takes
  reports-effect  what reports do to the time of an answer (two cores, as root)
  soak            the same as npm run soak
  worker-killed   one of three workers ends under load: gaps of the others, and when its swarms are back
  workers         answers per CPU-second with 1, 2 and 4 workers, and opentracker with 2 threads
  workers-same    the same swarms with 1, 2, 4 and 7 workers after a million mixed requests
The header of each program in bench/ explains its options.`;

function nameInHelp({ name, onlyWhenNamed = false }: Scenario): string {
  return onlyWhenNamed ? `${name}*` : name;
}

/** @returns null if help was asked for. @throws Error with a line for the person who typed */
export function readOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      servers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const base = values.quick ? QUICK : FULL;
  const only = values.only?.split(',') ?? [];
  for (const name of only) {
    if (!SCENARIOS.some((scenario) => scenario.name === name)) throw new Error(`no scenario is called "${name}"`);
  }
  return {
    only,
    servers: (values.servers?.split(',') ?? []).map(serverKind),
    rounds: whole('rounds', values.rounds, base.rounds, LIMITS.rounds),
    seconds: whole('seconds', values.seconds, base.seconds, LIMITS.seconds),
    json: values.json,
  };
}

function whole(name: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(`--${name} is 1 … ${max}`);
  return value;
}

function serverKind(name: string): ServerKind {
  const kind = SERVERS.find((one) => one === name);
  if (kind === undefined) throw new Error(`there is no server "${name}"`);
  return kind;
}
