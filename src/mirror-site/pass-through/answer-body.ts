/**
 * The body of an answer on its way to the reader: as it is, or rewritten. Each way takes chunks as fast as the reader does;
 * none stores more than a link, a torrent of limited size, or the state of a compressor.
 */
import type { ServerResponse } from 'node:http';
import { pipeline, Transform, type Writable } from 'node:stream';
import { type Coding, decoderFor, encoderFor, encodingAgain } from './rewriting/content-coding.js';
import type { LinkRewriter } from './rewriting/link-rewriter.js';

export interface AnswerBody {
  /** @returns false if nothing more fits now; `onDrain` is called when it does */
  write(chunk: Buffer): boolean;
  end(): void;
}

export interface BodyTarget {
  readonly response: ServerResponse;
  readonly onDrain: () => void;
  /** The body cannot be finished: it is cut off, so that the reader notices. */
  readonly onBroken: (reason: Error) => void;
}

/** Node.js joins a header with a text of the same write, which saves the vectored system call. Larger copies cost more. */
const MAX_JOINED_BYTES = 4_096;

export function plainBody({ response, onDrain }: BodyTarget): AnswerBody {
  response.on('drain', onDrain);
  let isFirst = true;
  return {
    write: (chunk) => {
      const isJoined = isFirst && chunk.length <= MAX_JOINED_BYTES;
      isFirst = false;
      return isJoined ? response.write(chunk.toString('latin1'), 'latin1') : response.write(chunk);
    },
    end: () => response.end(),
  };
}

/** For plain bytes: no stream between. */
export function rewrittenBody(rewriter: LinkRewriter, { response, onDrain }: BodyTarget): AnswerBody {
  response.on('drain', onDrain);
  return {
    write: (chunk) => {
      let hasRoom = true;
      for (const piece of rewriter.write(chunk)) hasRoom = response.write(piece);
      return hasRoom;
    },
    end: () => {
      for (const piece of rewriter.end()) response.write(piece);
      response.end();
    },
  };
}

/** Decompresses, rewrites and compresses again. @param maxBytes of the page after decompression */
export function recodedBody(coding: Coding, rewriter: LinkRewriter, maxBytes: number, target: BodyTarget): AnswerBody {
  const { response, onDrain, onBroken } = target;
  let decoder: Writable | undefined;
  const start = (first: number): Writable => {
    const decoding = decoderFor(coding, first);
    pipeline(decoding, rewriting(rewriter, maxBytes), encoderFor(encodingAgain(coding)), response, (error) => {
      if (error) onBroken(error);
    });
    decoding.on('drain', onDrain);
    return decoding;
  };
  return {
    write: (chunk) => {
      decoder ??= start(chunk[0]!);
      return decoder.write(chunk);
    },
    end: () => {
      if (decoder === undefined) response.end();
      else decoder.end();
    },
  };
}

function rewriting(rewriter: LinkRewriter, maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        done(new Error(`the page has more than ${maxBytes} bytes after decompression`));
        return;
      }
      for (const piece of rewriter.write(chunk)) this.push(piece);
      done();
    },
    flush(done) {
      for (const piece of rewriter.end()) this.push(piece);
      done();
    },
  });
}
