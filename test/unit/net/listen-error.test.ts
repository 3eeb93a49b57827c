import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import { listenError } from '../../../src/net/listen-error.js';

test('a port in use: the key, the listen URL and what to do', async () => {
  const first = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void first.close());
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const second = createServer();
  const failed = once(second, 'error');
  second.listen(port, '127.0.0.1');
  const [cause] = await failed;
  const error = listenError({ protocol: 'http', host: '127.0.0.1', port }, { cause, key: 'mirrorSite.listen' });
  expect(error).toBeInstanceOf(OperatorError);
  expect(error.exitCode).toBe(1);
  expect(error.message).toBe(
    `mirrorSite.listen: cannot listen on http://127.0.0.1:${port}: another program has this port; stop it or choose another`,
  );
});

test('an errno without a cause; IPv6 in brackets', () => {
  const address = { protocol: 'udp', host: '2001:db8::1', port: 80 };
  expect(listenError(address, { code: 'EACCES' }).message).toMatch(
    /^cannot listen on udp:\/\/\[2001:db8::1\]:80: not permitted; .*CAP_NET_BIND_SERVICE/,
  );
  expect(listenError(address, { code: 'EMFILE' }).message).toMatch(/: EMFILE$/);
});
