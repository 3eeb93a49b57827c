/**
 * The thread of the DNS redirection, started by `dns-redirect-thread.ts`. Every user of the network waits for DNS, so nothing
 * else runs here: neither the mirror site, the crawler nor the control API can delay an answer. As an entry point it reads
 * the machine's clock.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../domain/clock.js';
import { OperatorError } from '../domain/errors.js';
import { failureMessage } from '../domain/failure-message.js';
import { startBeating } from '../threads/beat.js';
import { chooseTransport } from '../transport/choose-transport.js';
import { dnsCountersOver } from './counters.js';
import { createDnsRedirect } from './dns-redirect.js';
import type { DnsThreadStart, FromDnsThread, ToDnsThread } from './dns-redirect-messages.js';
import { CurrentState } from './redirect-state.js';

const UPDATE_EVERY_MS = 1_000;

const port = parentPort;
if (port === null)
  throw new OperatorError('this file is a thread of alias-tracker serve; it cannot be started by hand');
const say = (message: FromDnsThread): void => port.postMessage(message);
const start = workerData as DnsThreadStart;
const state = new CurrentState({ ...start, policy: start.settings.policy }, systemClock);

const { transport, fallbackReason } = await chooseTransport('auto', systemClock, start.descriptors);
const server = createDnsRedirect({
  listen: start.listen,
  settings: start.settings,
  transport,
  clock: systemClock,
  counters: dnsCountersOver(start.counters),
  state,
  log: {
    debug: (fields, message) => {
      if (start.debug) say({ type: 'log', level: 'debug', fields, message });
    },
    info: (fields, message) => say({ type: 'log', level: 'info', fields, message }),
    warn: (fields, message) => say({ type: 'log', level: 'warn', fields, message }),
  },
});

let limitedBefore = 0;
const timer = setInterval(() => {
  state.update();
  const prefixes = server.limitedPrefixes();
  const limited = prefixes.reduce((sum, { questions }) => sum + questions, 0);
  if (limited !== limitedBefore) say({ type: 'limited', prefixes });
  limitedBefore = limited;
}, UPDATE_EVERY_MS).unref();

port.on('message', (message: ToDnsThread) => {
  switch (message.type) {
    case 'settings':
      state.setPolicy(message.settings.policy, message.checks);
      server.setSettings(message.settings);
      return;
    case 'health':
      state.health = message.health;
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
  if (fallbackReason !== undefined) {
    say({ type: 'log', level: 'warn', fields: { reason: fallbackReason }, message: 'DNS is answered more slowly' });
  }
} catch (thrown) {
  say({ type: 'failed', failure: failureMessage(thrown) });
  port.close();
}
