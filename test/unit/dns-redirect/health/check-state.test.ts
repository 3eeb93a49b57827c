import { expect, test } from 'vitest';
import { CheckState } from '../../../../src/dns-redirect/health/check-state.js';

const statesAfter = (results: string): string => {
  const state = new CheckState();
  return [...results]
    .map((each) => {
      const changed = state.record(each === '+');
      return `${state.isUp ? 'up' : 'down'}${changed ? '!' : ''}`;
    })
    .join(' ');
};

test.each([
  // The first result decides.
  ['+', 'up!'],
  ['-', 'down!'],
  // Two failures withdraw; one alone does not, however often.
  ['+--', 'up! up down!'],
  ['+-+-+', 'up! up up up up'],
  // Three successes return.
  ['-+++', 'down! down down up!'],
  ['-++-+++', 'down! down down down down down up!'],
  ['+---', 'up! up down! down'],
])('%s', (results, states) => {
  expect(statesAfter(results)).toBe(states);
});
