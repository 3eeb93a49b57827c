/** The body of a form of our own pages, `application/x-www-form-urlencoded`. Nothing is decompressed. */
import type { IncomingMessage } from 'node:http';
import { MAX_FORM_BYTES } from './limits.js';
import { Problem } from './problem.js';

/** @returns each field once, the last value of a repeated one. @throws Problem `bad-request`, `too-large`, `unsupported-media-type` */
export async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem('unsupported-media-type', 'send the form of the dashboard');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_FORM_BYTES) throw new Problem('too-large', `a form has at most ${MAX_FORM_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
}
