/**
 * Wraps the handlers for the transport: one answer in a fixed number is timed, and an exception in one is counted and reported to
 * the operator instead of ending the worker. A hostile packet must never cost more than its own answer.
 */
import {
  type DatagramHandler,
  HTTP_LATER,
  type HttpRequestHandler,
  type RemoteAddress,
} from '../transport/transport.js';
import { asciiBytes, writeBytes } from '../wire/write-bytes.js';
import { ANSWER_TIME_SAMPLE, COUNT_DEFECTS, countAnswerTime } from './counters.js';

/** A whole answer, after which the connection closes. */
export const INTERNAL_ERROR = asciiBytes(
  'HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 14\r\nConnection: close\r\n\r\ninternal error',
);
const MICROSECONDS_PER_MILLISECOND = 1_000;

export interface Guard {
  readonly counters: Float64Array;
  /** A monotonic clock with a fraction of milliseconds. */
  readonly nowMs: () => number;
  readonly onDefect: (error: unknown) => void;
}

export class GuardedDatagramHandler implements DatagramHandler {
  private readonly inner: DatagramHandler;
  private readonly guard: Guard;
  private untilSample = ANSWER_TIME_SAMPLE;

  constructor(inner: DatagramHandler, guard: Guard) {
    this.inner = inner;
    this.guard = guard;
  }

  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const { counters, nowMs, onDefect } = this.guard;
    try {
      if (--this.untilSample > 0) return this.inner.onDatagram(input, start, length, remote, output, outputStart);
      this.untilSample = ANSWER_TIME_SAMPLE;
      const startedMs = nowMs();
      const answered = this.inner.onDatagram(input, start, length, remote, output, outputStart);
      countAnswerTime(counters, (nowMs() - startedMs) * MICROSECONDS_PER_MILLISECOND);
      return answered;
    } catch (error) {
      counters[COUNT_DEFECTS]!++;
      onDefect(error);
      return 0;
    }
  }
}

export class GuardedHttpHandler implements HttpRequestHandler {
  consumed = 0;
  close = false;
  private readonly inner: HttpRequestHandler;
  private readonly guard: Guard;
  private untilSample = ANSWER_TIME_SAMPLE;

  constructor(inner: HttpRequestHandler, guard: Guard) {
    this.inner = inner;
    this.guard = guard;
  }

  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const { counters, nowMs, onDefect } = this.guard;
    const inner = this.inner;
    try {
      const sampled = --this.untilSample <= 0;
      const startedMs = sampled ? nowMs() : 0;
      const answered = inner.onHttpBytes(input, start, length, remote, output, outputStart);
      // Another worker times a request that it answers.
      if (sampled && answered !== HTTP_LATER) {
        this.untilSample = ANSWER_TIME_SAMPLE;
        countAnswerTime(counters, (nowMs() - startedMs) * MICROSECONDS_PER_MILLISECOND);
      }
      this.consumed = inner.consumed;
      this.close = inner.close;
      return answered;
    } catch (error) {
      counters[COUNT_DEFECTS]!++;
      onDefect(error);
      this.consumed = length;
      this.close = true;
      return writeBytes(output, outputStart, INTERNAL_ERROR) - outputStart;
    }
  }

  passOn(ticket: number): void {
    try {
      this.inner.passOn?.(ticket);
    } catch (error) {
      // The request has no answer, and the transport closes its connection.
      this.guard.counters[COUNT_DEFECTS]!++;
      this.guard.onDefect(error);
    }
  }
}
