/**
 * The thread of the DNS redirection, started by `dns-redirect-thread.ts`. Every user of the network waits for DNS, so nothing
 * else runs here: neither the mirror site, the crawler nor the control API can delay an answer. As an entry point it reads
 * the machine's clock.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../domain/clock.js';
import { OperatorError } from '../domain/errors.js';
import { failureMessage } from '../domain/failure-message.js';
import { periodInForce } from '../selection/billing-schedule.js';
import { startBeating } from '../threads/beat.js';
import { StuckDetector } from '../threads/stuck-detector.js';
import { dnsCountersOver } from './counters.js';
import { createDnsRedirect } from './dns-redirect.js';
import type { DnsThreadStart, FromDnsThread, ToDnsThread } from './dns-redirect-messages.js';
import type { RedirectPolicy } from './redirect-policy.js';

const CHECK_EVERY_MS = 1_000;

const port = parentPort;
if (port === null)
  throw new OperatorError('this file is a thread of alias-tracker serve; it cannot be started by hand');
const say = (message: FromDnsThread): void => port.postMessage(message);
const start = workerData as DnsThreadStart;
let { health } = start;

// The main thread cannot report that it is stuck itself, and the mirror site with it, so this thread checks it.
const mirrorThread = start.mirrorVitals === null ? undefined : new StuckDetector(start.mirrorVitals, systemClock);
let isOpen = isOpenNow(start.policy);
const timer = setInterval(() => {
  mirrorThread?.check();
  isOpen = isOpenNow(server.policy);
}, CHECK_EVERY_MS).unref();

const server = createDnsRedirect({
  listen: start.listen,
  policy: start.policy,
  upstreamResolvers: start.upstreamResolvers,
  clientQueriesPerSecond: start.clientQueriesPerSecond,
  clock: systemClock,
  counters: dnsCountersOver(start.counters),
  state: {
    isHealthy: ({ target }) => health[target] && !(target === 'mirror' && mirrorThread?.isStuck),
    isOpen: () => isOpen,
  },
  log: {
    debug: (fields, message) => {
      if (start.debug) say({ type: 'log', level: 'debug', fields, message });
    },
    info: (fields, message) => say({ type: 'log', level: 'info', fields, message }),
    warn: (fields, message) => say({ type: 'log', level: 'warn', fields, message }),
  },
});

port.on('message', (message: ToDnsThread) => {
  switch (message.type) {
    case 'policy':
      server.setPolicy(message.policy);
      isOpen = isOpenNow(message.policy);
      return;
    case 'health':
      health = message.health;
      return;
    case 'stop':
      clearInterval(timer);
      void server.stop().then(() => port.close());
  }
});

try {
  await server.start();
  startBeating(start.vitals, systemClock);
  say({ type: 'ready', addresses: server.addresses });
} catch (thrown) {
  say({ type: 'failed', failure: failureMessage(thrown) });
  port.close();
}

/** Asking for the local time at each query would cost more than the rest of the answer. */
function isOpenNow({ schedule }: RedirectPolicy): boolean {
  return schedule.length === 0 || periodInForce(schedule, systemClock.nowMs()) !== undefined;
}
