/** Reads the body of an answer, up to a limit. */
import type { Response } from 'undici';
import { ClientError } from '../domain/errors.js';

/** @throws ClientError `invalid-answer` if the body is longer; then the rest is not read */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    // Leaving the loop cancels the rest of the body.
    if (length > maxBytes) throw new ClientError('invalid-answer', `the answer has more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
