import { systemClock } from '../../src/domain/clock.js';
import { createLinuxTransport } from '../../src/transport/linux/linux-transport.js';
import { describeTransport } from './transport.contract.js';

if (process.platform === 'linux') {
  describeTransport({
    name: 'linux',
    create: () => createLinuxTransport(systemClock),
    answersFromAskedAddress: true,
  });
}
