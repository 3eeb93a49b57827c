/** Chooses the transport: Linux if this machine supports it, portable otherwise or if the configuration asks for it. */
import type { Clock } from '../domain/clock.js';
import { OperatorError } from '../domain/errors.js';
import { createLinuxTransport } from './linux/linux-transport.js';
import { createPortableTransport } from './portable/portable-transport.js';
import type { Transport } from './transport.js';

export type TransportChoice = 'auto' | 'linux' | 'portable';

export interface ChosenTransport {
  readonly transport: Transport;
  /** Why `auto` chose the portable transport on Linux, for the log. */
  readonly fallbackReason?: string;
}

/**
 * @param descriptors a ledger of linux/descriptor-ledger, for a transport in a thread that others may outlive
 * @throws OperatorError if the configuration requires `linux` and it cannot run here
 */
export async function chooseTransport(
  choice: TransportChoice,
  clock: Clock,
  descriptors?: SharedArrayBuffer,
): Promise<ChosenTransport> {
  if (choice === 'portable' || (choice === 'auto' && process.platform !== 'linux')) {
    return { transport: createPortableTransport() };
  }
  try {
    return { transport: await createLinuxTransport(clock, descriptors) };
  } catch (error) {
    if (choice === 'linux' || !(error instanceof OperatorError)) throw error;
    return { transport: createPortableTransport(), fallbackReason: error.message };
  }
}
