/** Ours: the data plane as the program runs it, with the benchmark's policy loaded. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { benchmarkPolicy, noPolicy } from './benchmark-policy.js';
import { announceReady, END_A_WORKER, readOptions, SNAPSHOT_FILE } from './server-options.js';
import { startDataPlane } from './start-data-plane.js';

/** The parent ends this process with a signal: what it wrote is removed by the next start, if not by the system. */
function snapshotFile(): string {
  const directory = dirname(SNAPSHOT_FILE);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  return SNAPSHOT_FILE;
}

const ARENA_BYTES = 2 * 1024 ** 3;

const { protocol, host, port, ranking, snapshotEverySeconds, workers } = readOptions();
// Thousands of peers share each address of 127/8, which are "loopback" to a tracker: limits by address are off.
const plane = await startDataPlane({
  workers,
  listen: [{ protocol, host, port }],
  ...(ranking ? benchmarkPolicy() : noPolicy()),
  lab: true,
  // As in production: the lab switch would leave it out.
  warmUp: true,
  ...(snapshotEverySeconds === 0 ? {} : { snapshotFile: snapshotFile(), snapshotEverySeconds }),
  limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 0, arenaBytes: ARENA_BYTES },
});
process.on(END_A_WORKER, () => plane.workers[0]?.abandon(new Error('the benchmark ends a worker')));
announceReady();
