import { afterEach, test } from 'vitest';

import { parseConfig } from '../../../src/config/parse-config.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { createLogger } from '../../../src/logging/logger.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';

import { RunningExchange } from '../../../src/upstream/running-exchange.js';
import { eventually } from '../../support/eventually.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

test('a catalogue that cannot be read is an error in the log, not one in the listener of the data plane', async () => {
  const config = parseConfig(
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\nupstream: { resolvers: ["127.0.0.1:9"] }\n',
  );
  const lines: string[] = [];
  let needed: ((infoHash: InfoHash, family: 4 | 6) => void) | undefined;
  const part = new RunningExchange(config, {
    clock: { nowMs: () => 0 },
    log: createLogger('error', { destination: { write: (line) => void lines.push(line) } }),
    seed: 1,
    database: openDatabase(':memory:'),
    blockedReason: () => undefined,
    trackersOf: () => {
      throw new Error('database disk image is malformed');
    },
    importPeers: async () => ({ taken: 0, refused: {} }),
    dataPlane: () => ({
      addresses: [],
      stillInNeed: async (infoHashes) => infoHashes,
      onUpstreamNeeded: (listener) => {
        needed = listener;
        return () => {};
      },
    }),
  });
  stops.push(() => part.stop());
  needed!(parseInfoHash('ab'.repeat(20)), 4);
  await eventually('the error in the log', () =>
    lines.join('').includes('were not asked: database disk image is malformed'),
  );
});
