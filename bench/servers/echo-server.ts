/** The ceiling: the Linux transport with a handler that does nothing but answer. */
import { systemClock } from '../../src/domain/clock.js';
import { createLinuxTransport } from '../../src/transport/linux/linux-transport.js';
import { echoDatagrams, echoRequests } from './fixed-answers.js';
import { announceReady, readOptions } from './server-options.js';

const { protocol, host, port, numWant, keepAlive } = readOptions();
const transport = await createLinuxTransport(systemClock);
if (protocol === 'udp') await transport.listenUdp({ protocol, host, port }, echoDatagrams(numWant, host.includes(':')));
else {
  const limits = { maxConnections: 4_096, requestTimeoutMs: 10_000, keepAliveTimeoutMs: 60_000 };
  await transport.listenHttp({ protocol, host, port }, echoRequests(numWant, keepAlive), limits);
}
announceReady();
await transport.run(() => {}, 100);
