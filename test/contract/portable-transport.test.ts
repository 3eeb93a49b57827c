import { createPortableTransport } from '../../src/transport/portable/portable-transport.js';
import { describeTransport } from './transport.contract.js';

describeTransport({
  name: 'portable',
  create: async () => createPortableTransport(),
  answersFromAskedAddress: false,
});
