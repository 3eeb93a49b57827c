/** A reading thread for tests: its tasks cost what a hostile document could make a defective reader cost. */

import { resourceLimits } from 'node:worker_threads';
import { serveTasks } from '../../dist/document-reader/serve-tasks.js';
import { ClientError, OperatorError } from '../../dist/domain/errors.js';

serveTasks({
  echo: (input) => input,
  limits: () => resourceLimits,
  loop: () => {
    for (;;);
  },
  backtrack: (length) => /^(a+)+$/.test(`${'a'.repeat(length)}b`),
  hoard: () => {
    const kept = [];
    for (;;) kept.push({ text: `${kept.length}`, more: [kept.length] });
  },
  refuse: () => {
    throw new ClientError('invalid-document', 'that is not a feed');
  },
  misconfigured: () => {
    throw new OperatorError('a selector cannot be used', { code: 'failed' });
  },
  fail: () => {
    throw new TypeError('a defect');
  },
  end: () => process.exit(3),
});
