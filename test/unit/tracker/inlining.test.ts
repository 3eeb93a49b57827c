import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { INLINING_FLAG } from '../../../src/tracker/inlining.js';

it('this version of Node.js knows the flag', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 1 << 24 });
  expect(known).toContain(`${INLINING_FLAG.split('=')[0]} `);
});
