/** Runs one scenario: starts its servers, fills them, measures them in turn, stops them. */
import { makeIpv6Sources } from './ipv6-sources.js';
import type { LoadResult, LoadTarget } from './load/load-command.js';
import type { LoadGenerator } from './load/start-load.js';
import { residentBytes } from './process-usage.js';
import type { Scenario } from './scenarios.js';
import { isInstalled, type RunningServer, type ServerKind, startServer, workersOf } from './servers/start-server.js';
import { sumTurns } from './sum-turns.js';
import type { WorkloadShape } from './workload.js';

const FIRST_PORT = 16_969;
/** The machine is not as fast every second: servers take turns within a round, too. */
const TURN_SECONDS = 1;
/** Before the first round, for each worker: a fill wants no peers, so what chooses them has not been compiled yet. */
const WARM_UP_SECONDS = 2;

export interface ServerFigures {
  readonly server: ServerKind;
  /** What it is called in the table. */
  readonly label: string;
  readonly shape: WorkloadShape;
  readonly rounds: readonly LoadResult[];
  /** Memory before the first peer came, and after the fill. */
  readonly emptyBytes: number;
  readonly filledBytes: number;
}

export interface ScenarioFigures {
  readonly scenario: Scenario;
  readonly servers: readonly ServerFigures[];
  /** Why something is not in the table. */
  readonly remarks: readonly string[];
}

interface Contestant {
  readonly server: RunningServer;
  readonly label: string;
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
  const { shape, comparedShape, profile, host, oneRoundSeconds } = scenario;
  const rounds = oneRoundSeconds === undefined ? usualRounds : 1;
  const seconds = oneRoundSeconds ?? usualSeconds;
  const turnSeconds = oneRoundSeconds ?? TURN_SECONDS;
  const contestants: Contestant[] = [];
  const remarks: string[] = [];
  const undo = host.includes(':') ? makeIpv6Sources() : () => {};
  try {
    const shapes = comparedShape === undefined ? [shape] : [shape, comparedShape.shape];
    for (const { torrents, peers } of shapes) {
      say(`  preparing ${peers.toLocaleString('en')} peers in ${torrents.toLocaleString('en')} torrents`);
    }
    await load.ask({ kind: 'prepare', shapes });
    for (const kind of scenario.servers) {
      if (kind.startsWith('opentracker') && !isInstalled('opentracker')) {
        remarks.push('opentracker is not installed here, so it was not measured.');
        continue;
      }
      contestants.push(await enter(scenario, kind, kind, shape, contestants.length, load, say));
      if (comparedShape === undefined) continue;
      const label = `${kind}, ${comparedShape.label}`;
      contestants.push(await enter(scenario, kind, label, comparedShape.shape, contestants.length, load, say));
    }
    for (const { target } of contestants)
      await load.ask({ kind: 'measure', target, profile, seconds: WARM_UP_SECONDS * (target.workers ?? 1) });
    for (let round = 1; round <= rounds; round++) {
      const turns: LoadResult[][] = contestants.map(() => []);
      for (let done = 0; done < seconds; done += turnSeconds) {
        for (const [i, { target }] of contestants.entries()) {
          const turn = await load.ask({ kind: 'measure', target, profile, seconds: turnSeconds });
          if (turn === null) throw new Error('no result');
          turns[i]!.push(turn);
        }
      }
      const figures = contestants.map(({ label, rounds: results }, i) => {
        const result = sumTurns(turns[i]!);
        results.push(result);
        const perCpuSecond = Math.round(result.answers / (result.userSeconds + result.systemSeconds));
        return `${label} ${perCpuSecond.toLocaleString('en')}`;
      });
      say(`  round ${round} of ${rounds}, answers per CPU-second: ${figures.join(' · ')}`);
    }
  } finally {
    for (const { server } of contestants) await server.stop();
    undo();
  }
  return {
    scenario,
    remarks,
    servers: contestants.map(({ server, label, target, rounds: results, emptyBytes, filledBytes }) => ({
      server: server.kind,
      label,
      shape: target.shape,
      rounds: results,
      emptyBytes,
      filledBytes,
    })),
  };
}

/** Starts a server and gives it its peers. */
async function enter(
  scenario: Scenario,
  kind: ServerKind,
  label: string,
  shape: WorkloadShape,
  number: number,
  load: LoadGenerator,
  say: (line: string) => void,
): Promise<Contestant> {
  const { profile, host, protocol, snapshotEverySeconds = 0 } = scenario;
  const port = FIRST_PORT + number;
  const { numWant, keepAlive } = profile;
  const server = await startServer(kind, { protocol, host, port, numWant, keepAlive, shape, snapshotEverySeconds });
  const target: LoadTarget = { protocol, host, port, pid: server.pid, shape, workers: workersOf(kind) };
  const contestant = { server, label, target, rounds: [], emptyBytes: residentBytes(server.pid), filledBytes: 0 };
  if (kind !== 'echo' && kind !== 'node:http') {
    try {
      // Without peers in the answers: they are only wanted by those who measure.
      const filled = await load.ask({ kind: 'fill', target, profile: { ...profile, numWant: 0, scrapePercent: 0 } });
      const announces = filled?.answers ?? 0;
      say(`  ${label}: filled with ${announces.toLocaleString('en')} announces in ${filled?.seconds.toFixed(1)} s`);
      if (announces < 0.99 * shape.peers)
        say(`  ${label}: TOO SLOW to take all ${shape.peers} peers; figures are of fewer`);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
  contestant.filledBytes = residentBytes(server.pid);
  return contestant;
}
