/** Several workers where the Linux transport cannot run: one worker, and one warning that says why. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shareBetweenWorkers } from '../../../../src/tracker/workers/shared-by-workers.js';
import { labPolicy } from '../../../support/lab-policy.js';

const POLICY = labPolicy();
const OPTIONS = {
  listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }] as const,
  topology: POLICY.topology,
  cost: POLICY.cost,
  workers: 3,
};
const warn = vi.fn();

beforeEach(() => warn.mockClear());

describe('on another system than Linux', () => {
  const { platform } = process;
  beforeEach(() => Object.defineProperty(process, 'platform', { value: 'darwin' }));
  afterEach(() => Object.defineProperty(process, 'platform', { value: platform }));

  it.each(['auto', 'linux'] as const)('transport %s: one worker, and a warning', async (transport) => {
    expect(await shareBetweenWorkers({ ...OPTIONS, transport }, { warn })).toBeNull();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^tracker: runs one worker instead of 3: .*darwin/)]]);
  });
});

it.each([
  ['one worker', { ...OPTIONS, workers: 1 }],
  ['the portable transport', { ...OPTIONS, transport: 'portable' as const }],
])('%s: nothing is shared and nobody is warned', async (_what, options) => {
  expect(await shareBetweenWorkers(options, { warn })).toBeNull();
  expect(warn).not.toHaveBeenCalled();
});
