import { expect, it } from 'vitest';
import { createRandom } from '../../../../src/domain/random.js';
import { warmUpSwarms } from '../../../../src/tracker/swarm/warm-up.js';
import { costTable, FIXTURE_GROUPS } from './store-fixture.js';

it('warming up passes through every kind of swarm without harm', () => {
  expect(() => warmUpSwarms(createRandom(1), costTable(FIXTURE_GROUPS))).not.toThrow();
});
