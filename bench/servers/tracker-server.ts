/** Ours: the data plane as the program runs it, with the benchmark's policy loaded. */
import { DataPlane } from '../../src/tracker/data-plane.js';
import { benchmarkPolicy } from './benchmark-policy.js';
import { announceReady, readOptions } from './server-options.js';

const ARENA_BYTES = 2 * 1024 ** 3;

const { protocol, host, port } = readOptions();
// Thousands of peers share each address of 127/8, which are "loopback" to a tracker: limits by address are off.
await DataPlane.start({
  listen: [{ protocol, host, port }],
  ...benchmarkPolicy(),
  lab: true,
  connectionId: 'strict',
  limits: { maxPeersPerAddressInSwarm: 0, maxPeersPerAddress: 0, arenaBytes: ARENA_BYTES },
});
announceReady();
