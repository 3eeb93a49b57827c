/**
 * The body of a request as JSON. Bytes are counted as they come, compared with Content-Digest (RFC 9530) if the caller
 * sent one, and only then decompressed and parsed; both the sent and the decompressed length are bounded.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { errorCodeOf, messageOf } from '../domain/errors.js';
import { MAX_ANONYMOUS_BODY_BYTES, MAX_BODY_BYTES } from './limits.js';
import { Problem } from './problem.js';

const DECODERS = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** @throws Problem `bad-request`, `too-large`, `unsupported-media-type` */
export async function readJsonBody(
  request: IncomingMessage,
  response: ServerResponse,
  isKnownCaller: boolean,
): Promise<unknown> {
  const limitBytes = isKnownCaller ? MAX_BODY_BYTES : MAX_ANONYMOUS_BODY_BYTES;
  const { headers } = request;
  checkType(headers['content-type']);
  const coding = (headers['content-encoding'] ?? 'identity').toLowerCase();
  const decode = DECODERS.get(coding);
  if (decode === undefined && coding !== 'identity') {
    throw new Problem('unsupported-media-type', 'Content-Encoding is gzip, deflate, br or nothing', {
      faults: [{ field: 'content-encoding', detail: 'not supported' }],
    });
  }
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const sent = await readSent(request, response, limitBytes);
  checkDigest(headers['content-digest'], sent);
  const bytes = decode === undefined ? sent : await decoded(decode, sent, limitBytes);
  if (bytes.length === 0) throw new Problem('bad-request', 'the body is empty; send JSON as application/json');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (thrown) {
    throw new Problem('bad-request', `the body is not JSON: ${messageOf(thrown).slice(0, 200)}`);
  }
}

function checkType(type: string | undefined): void {
  if (type === undefined) throw new Problem('bad-request', 'send JSON as application/json');
  if (/^application\/([^;]*\+)?json\b/i.test(type)) return;
  throw new Problem('unsupported-media-type', 'send application/json', {
    faults: [{ field: 'content-type', detail: `"${type.slice(0, 60)}" is not application/json` }],
  });
}

function readSent(request: IncomingMessage, response: ServerResponse, limitBytes: number): Promise<Buffer> {
  // A client that sent `Expect: 100-continue` (RFC 9110, 10.1.1) may go on, because its header section was accepted.
  if (request.headers.expect !== undefined) response.writeContinue();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (settle: () => void): void => {
      request.removeAllListeners('data').removeListener('end', onEnd).removeListener('close', onClose).pause();
      settle();
    };
    const onEnd = (): void => end(() => resolve(Buffer.concat(chunks)));
    const onClose = (): void =>
      end(() => reject(new Problem('bad-request', 'the connection ended in the middle of the body')));
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limitBytes) end(() => reject(tooLarge(limitBytes)));
      else chunks.push(chunk);
    });
    request.on('end', onEnd).on('close', onClose);
    // `close`, which always follows, reports the error.
    request.on('error', () => undefined);
  });
}

/** Ignores algorithms other than sha-256 (RFC 9530 section 2). */
function checkDigest(header: string | string[] | undefined, sent: Buffer): void {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  const given = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):/.exec(text)?.[1];
  if (given === undefined || given === createHash('sha256').update(sent).digest('base64')) return;
  throw new Problem('bad-request', 'the body does not match Content-Digest', {
    faults: [{ field: 'content-digest', detail: 'is not the SHA-256 of the body' }],
  });
}

async function decoded(
  decode: (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>,
  sent: Buffer,
  limitBytes: number,
): Promise<Buffer> {
  try {
    return await decode(sent, { maxOutputLength: limitBytes });
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes);
    throw new Problem('bad-request', `the body cannot be read: ${messageOf(thrown).slice(0, 200)}`);
  }
}

function tooLarge(limitBytes: number): Problem {
  return new Problem('too-large', `a body has at most ${limitBytes} bytes, before and after decompression`);
}
