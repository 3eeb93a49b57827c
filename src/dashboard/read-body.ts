/** The body of a request as JSON and as the bytes that a signature covers; gzip and deflate are undone within the limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { messageOf } from '../domain/errors.js';
import { MAX_ANONYMOUS_BODY_BYTES, MAX_BODY_BYTES } from './limits.js';
import { Problem } from './problem.js';

export interface RequestBody {
  readonly json: unknown;
  /** After decompression. */
  readonly bytes: Uint8Array;
}

const parsers = new Map(
  [MAX_BODY_BYTES, MAX_ANONYMOUS_BODY_BYTES].map((limit) => [
    limit,
    express.raw({ limit, inflate: true, type: ['application/json', 'application/*+json'] }),
  ]),
);

/** @throws Problem `bad-request`, `too-large`, `unsupported-media-type` */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  isKnownCaller: boolean,
): Promise<RequestBody> {
  const limit = isKnownCaller ? MAX_BODY_BYTES : MAX_ANONYMOUS_BODY_BYTES;
  await new Promise<void>((resolve, reject) => {
    parsers.get(limit)!(request, response, (thrown?: unknown) => {
      if (thrown === undefined) resolve();
      else reject(problemOf(thrown, limit));
    });
  });
  const bytes = (request as IncomingMessage & { body?: unknown }).body;
  if (!(bytes instanceof Uint8Array)) {
    const type = request.headers['content-type'];
    if (type !== undefined && !/^application\/([^;]*\+)?json\b/i.test(type)) {
      throw new Problem('unsupported-media-type', 'send application/json', {
        faults: [{ field: 'content-type', detail: `"${type.slice(0, 60)}" is not application/json` }],
      });
    }
    throw new Problem('bad-request', 'the body is empty; send JSON as application/json');
  }
  try {
    return { json: JSON.parse(Buffer.from(bytes).toString('utf8')), bytes };
  } catch (thrown) {
    throw new Problem('bad-request', `the body is not JSON: ${messageOf(thrown).slice(0, 200)}`);
  }
}

function problemOf(thrown: unknown, limitBytes: number): Problem {
  const { type, status } = thrown as { type?: string; status?: number };
  if (type === 'entity.too.large') {
    return new Problem('too-large', `a body has at most ${limitBytes} bytes after decompression`);
  }
  if (type === 'encoding.unsupported') {
    return new Problem('unsupported-media-type', 'Content-Encoding is gzip, deflate, br or nothing', {
      faults: [{ field: 'content-encoding', detail: 'not supported' }],
    });
  }
  if (status !== undefined && status < 500) {
    return new Problem('bad-request', `the body cannot be read: ${messageOf(thrown).slice(0, 200)}`);
  }
  throw thrown;
}
