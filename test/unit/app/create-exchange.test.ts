import { afterEach, expect, test } from 'vitest';
import { createExchange } from '../../../src/app/create-exchange.js';
import type { SupervisedDataPlane } from '../../../src/app/data-plane/supervised-data-plane.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { createRandom } from '../../../src/domain/random.js';
import { createLogger } from '../../../src/logging/logger.js';
import type { Catalogue } from '../../../src/store/sqlite/catalogue.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

test('a catalogue that cannot be read is an error in the log, not one in the listener of the data plane', async () => {
  const config = parseConfig(
    'operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\nupstream: { resolvers: ["127.0.0.1:9"] }\n',
  );
  const lines: string[] = [];
  let needed: ((infoHash: string, family: 4 | 6) => void) | undefined;
  const part = createExchange(() => config, {
    redirectedTo: () => [],
    clock: { nowMs: () => 0 },
    logger: createLogger('error', { destination: { write: (line) => void lines.push(line) } }),
    random: createRandom(1),
    blockedReason: () => undefined,
    catalogue: {
      get: () => {
        throw new Error('database disk image is malformed');
      },
    } as unknown as Catalogue,
    dataPlane: {
      addresses: [],
      onUpstreamNeeded: (listener: typeof needed) => {
        needed = listener;
      },
    } as unknown as SupervisedDataPlane,
  });
  stops.push(() => part!.exchange.stop());
  needed!(parseInfoHash('ab'.repeat(20)), 4);
  await new Promise((done) => setImmediate(done));
  expect(lines.join('')).toContain('were not asked: database disk image is malformed');
});
