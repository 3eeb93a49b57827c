/** The certificate of the control API, read and checked before anything uses it. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf, OperatorError } from '../domain/errors.js';
import { type ControlServerTls, secureContextOptions } from './control-server.js';
import type { ControlSection } from './section.js';

/** @throws OperatorError if the files cannot be read or do not fit together */
export function readControlTls({
  tls,
  clientCa,
}: Pick<ControlSection, 'tls' | 'clientCa'>): ControlServerTls | undefined {
  if (tls === undefined) return undefined;
  try {
    const read = {
      cert: readFileSync(tls.certificate),
      key: readFileSync(tls.key),
      clientCa: clientCa === undefined ? undefined : readFileSync(clientCa),
    };
    createSecureContext(secureContextOptions(read));
    return read;
  } catch (cause) {
    const files = [tls.certificate, tls.key, ...(clientCa === undefined ? [] : [clientCa])].join(', ');
    throw new OperatorError(`control.tls: ${files} cannot be used: ${messageOf(cause)}`, { cause });
  }
}
