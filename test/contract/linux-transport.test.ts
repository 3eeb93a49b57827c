import { systemClock } from '../../src/domain/clock.js';
import { createLinuxTransport } from '../../src/transport/linux/linux-transport.js';
import type { TransportUnderTest } from '../support/transport-clients.js';
import { describeLaterAnswers } from './later-answers.contract.js';
import { describeTransport } from './transport.contract.js';

const SUBJECT: TransportUnderTest = {
  name: 'linux',
  create: () => createLinuxTransport(systemClock),
  answersFromAskedAddress: true,
};

if (process.platform === 'linux') {
  describeTransport(SUBJECT);
  describeLaterAnswers(SUBJECT);
}
