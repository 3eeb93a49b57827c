/** Ours: the data plane as the program runs it, with the benchmark's policy loaded. */
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataPlane } from '../../src/tracker/data-plane.js';
import { benchmarkPolicy, noPolicy } from './benchmark-policy.js';
import { announceReady, readOptions } from './server-options.js';

/** The parent ends this process with a signal: what it wrote is removed by the next start, if not by the system. */
function temporaryDirectory(): string {
  const directory = join(tmpdir(), 'alias-tracker-bench-snapshot');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  return directory;
}

const ARENA_BYTES = 2 * 1024 ** 3;

const { protocol, host, port, ranking, snapshotEverySeconds } = readOptions();
// Thousands of peers share each address of 127/8, which are "loopback" to a tracker: limits by address are off.
await DataPlane.start({
  listen: [{ protocol, host, port }],
  ...(ranking ? benchmarkPolicy() : noPolicy()),
  lab: true,
  // As in production: the lab switch would leave it out.
  warmUp: true,
  ...(snapshotEverySeconds === 0 ? {} : { snapshotFile: join(temporaryDirectory(), 'swarms'), snapshotEverySeconds }),
  limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 0, arenaBytes: ARENA_BYTES },
});
announceReady();
