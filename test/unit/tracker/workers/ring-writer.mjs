/** A thread that writes messages into a ring as fast as there is room. */
import { workerData } from 'node:worker_threads';
import { MESSAGE_WORDS, Ring } from '../../../../dist/tracker/workers/ring.js';

const { memory, capacity, longest, total } = workerData;
const ring = new Ring(memory, 0, capacity, longest);
const words = new Int32Array(MESSAGE_WORDS);
const never = new Int32Array(new SharedArrayBuffer(4));
const bytes = new Uint8Array(longest + 3);

for (let n = 0; n < total; n++) {
  const length = (n * 7_919) % (longest + 1);
  words[MESSAGE_WORDS - 1] = ~n;
  for (let i = 0; i < length; i++) bytes[3 + i] = n + i;
  while (!ring.write(n, words, bytes, 3, length)) Atomics.wait(never, 0, 0, 1);
}
