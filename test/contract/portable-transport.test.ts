import { createPortableTransport } from '../../src/transport/portable/portable-transport.js';
import type { TransportUnderTest } from '../support/transport-clients.js';
import { describeLaterAnswers } from './later-answers.contract.js';
import { describeTransport } from './transport.contract.js';

const SUBJECT: TransportUnderTest = {
  name: 'portable',
  create: async () => createPortableTransport(),
  answersFromAskedAddress: false,
};

describeTransport(SUBJECT);
describeLaterAnswers(SUBJECT);
