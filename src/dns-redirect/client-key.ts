/** The secret that chooses a percentage of the clients. It is stored, so the same clients are chosen after a restart. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodeOf, messageOf, OperatorError } from '../domain/errors.js';
import { CLIENT_KEY_WORDS } from './redirect-policy.js';

const FILE = 'redirected-clients.key';
const BYTES = CLIENT_KEY_WORDS * Uint32Array.BYTES_PER_ELEMENT;

/** The key, where only a part of the clients is redirected. @throws OperatorError as {@link clientKeyIn} */
export function chosenClients(
  { percent }: { readonly percent: number },
  { directory }: { readonly directory: string },
): { readonly clientKey?: Uint32Array } {
  return percent === 100 ? {} : { clientKey: clientKeyIn(directory) };
}

/** Makes it the first time. @throws OperatorError if the file cannot be read or written, or is not a key */
export function clientKeyIn(directory: string): Uint32Array {
  const file = join(directory, FILE);
  try {
    writeFileSync(file, `${randomBytes(BYTES).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if (errorCodeOf(thrown) !== 'EEXIST') {
      throw new OperatorError(`dnsRedirect.percent: ${file} cannot be written: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }
  const bytes = Buffer.from(readKey(file).trim(), 'hex');
  if (bytes.length !== BYTES) {
    throw new OperatorError(
      `dnsRedirect.percent: ${file} is not a key of ${BYTES} bytes in hexadecimal; delete it: other clients will be chosen`,
    );
  }
  return Uint32Array.from({ length: CLIENT_KEY_WORDS }, (_, i) => bytes.readUInt32LE(i * 4));
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (thrown) {
    throw new OperatorError(`dnsRedirect.percent: ${file} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}
