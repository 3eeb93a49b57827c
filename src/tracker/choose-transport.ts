/** Which transport carries the data plane: the batched one where it runs, the portable one elsewhere. */
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { createPortableTransport } from '../transport/portable/portable-transport.js';
import type { Transport } from '../transport/transport.js';
import type { TransportChoice } from './data-plane-options.js';

/** @throws OperatorError where `linux` is demanded and cannot run */
export async function chooseTransport(choice: TransportChoice, clock: Clock): Promise<Transport> {
  if (choice === 'portable') return createPortableTransport();
  try {
    const { createLinuxTransport } = await import('../transport/linux/linux-transport.js');
    return await createLinuxTransport(clock);
  } catch (cause) {
    if (choice === 'auto') return createPortableTransport();
    throw new OperatorError(`transport "linux" cannot run here: ${messageOf(cause)}; use "portable" or "auto"`, {
      cause,
    });
  }
}
