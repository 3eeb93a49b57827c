/** Runs one scenario: starts its servers, fills them, measures them in turn, stops them. */
import type { LoadResult, LoadTarget } from './load/load-command.js';
import type { LoadGenerator } from './load/start-load.js';
import { residentBytes } from './process-usage.js';
import type { Scenario } from './scenarios.js';
import { isInstalled, type RunningServer, type ServerKind, startServer } from './servers/start-server.js';

const FIRST_PORT = 16_969;

export interface ServerFigures {
  readonly server: ServerKind;
  readonly rounds: readonly LoadResult[];
  /** Memory before the first peer came, and after the fill. */
  readonly emptyBytes: number;
  readonly filledBytes: number;
}

export interface ScenarioFigures {
  readonly scenario: Scenario;
  readonly servers: readonly ServerFigures[];
  readonly missing: readonly ServerKind[];
}

interface Contestant {
  readonly server: RunningServer;
  readonly target: LoadTarget;
  readonly rounds: LoadResult[];
  emptyBytes: number;
  filledBytes: number;
}

export async function runScenario(
  scenario: Scenario,
  usualRounds: number,
  usualSeconds: number,
  load: LoadGenerator,
  say: (line: string) => void,
): Promise<ScenarioFigures> {
  const { shape, profile, host, protocol, oneRoundSeconds, snapshotEverySeconds = 0 } = scenario;
  const rounds = oneRoundSeconds === undefined ? usualRounds : 1;
  const seconds = oneRoundSeconds ?? usualSeconds;
  const missing = scenario.servers.filter((kind) => kind === 'opentracker' && !isInstalled('opentracker'));
  const contestants: Contestant[] = [];
  try {
    say('  preparing the workload');
    await load.ask({ kind: 'prepare', shape });
    for (const [i, kind] of scenario.servers.filter((one) => !missing.includes(one)).entries()) {
      const port = FIRST_PORT + i;
      const { numWant, keepAlive } = profile;
      const server = await startServer(kind, { protocol, host, port, numWant, keepAlive, shape, snapshotEverySeconds });
      const target: LoadTarget = { protocol, host, port, pid: server.pid };
      const contestant = { server, target, rounds: [], emptyBytes: residentBytes(server.pid), filledBytes: 0 };
      contestants.push(contestant);
      if (scenario.fill && kind !== 'echo' && kind !== 'node:http') {
        const filled = await load.ask({ kind: 'fill', target, profile });
        const announces = filled?.answers ?? 0;
        say(`  ${kind}: filled with ${announces.toLocaleString('en')} announces in ${filled?.seconds.toFixed(1)} s`);
        if (announces < 0.99 * shape.peers)
          say(`  ${kind}: TOO SLOW to take all ${shape.peers} peers; figures are of fewer`);
      }
      contestant.filledBytes = residentBytes(server.pid);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { server, target, rounds: results } of contestants) {
        const result = await load.ask({ kind: 'measure', target, profile, seconds });
        if (result === null) throw new Error('no result');
        results.push(result);
        const perCpuSecond = Math.round(result.answers / result.serverCpuSeconds);
        say(`  round ${round} of ${rounds}, ${server.kind}: ${perCpuSecond.toLocaleString('en')} a CPU-second`);
      }
    }
  } finally {
    for (const { server } of contestants) await server.stop();
  }
  return {
    scenario,
    missing,
    servers: contestants.map(({ server, rounds: results, emptyBytes, filledBytes }) => ({
      server: server.kind,
      rounds: results,
      emptyBytes,
      filledBytes,
    })),
  };
}
