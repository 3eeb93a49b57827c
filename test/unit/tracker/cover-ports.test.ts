import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openablePorts } from '../../../src/tracker/cover-ports.js';
import { freePort } from '../../support/free-port.js';

test('a port that is taken is a problem with a way out; the others are opened', async () => {
  const port = await freePort();
  const free = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  await once(taken, 'listening');
  const host = '127.0.0.1';
  const { listen, problems } = await openablePorts([
    { protocol: 'http', host, port },
    { protocol: 'udp', host, port: free },
    { protocol: 'http', host, port: free },
  ]);
  expect(listen.map(({ protocol }) => protocol)).toEqual(['udp', 'http']);
  expect(problems).toEqual([
    `tracker.coverPorts: cannot listen on http://127.0.0.1:${port}: another program has this port; stop it or choose another`,
  ]);
  taken.close();
});
