/**
 * Receives lines of an access log over UDP: Squid's `access_log udp://…`, and the syslog of nginx, Apache and HAProxy. Lines
 * are counted as they come and stored every few seconds. Only the addresses that the operator allows are heard. What comes
 * faster than it can be read is dropped and counted.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../domain/clock.js';
import { counted } from '../../domain/counted.js';
import { messageOf } from '../../domain/errors.js';
import { type Prefix, parseIp, parsePrefix, prefixContains } from '../../domain/ip-address.js';
import type { Endpoint } from '../../net/endpoint.js';
import { listenError } from '../../net/listen-error.js';
import type { CrawlState } from '../../store/sqlite/catalogue-crawl-state.js';
import type { CrawlDocumentReader } from '../document-tasks.js';
import { MAX_LOG_QUEUE_BYTES } from '../limits.js';
import type { SourceOfType } from '../source-section.js';
import { LogTotals } from './log-totals.js';
import { logReading } from './log-window.js';

/** Squid sends a datagram for each line, or many lines in one. */
const FLUSH_MS = 2_000;
/** The system keeps so many for us while this thread is busy; Linux gives less if net.core.rmem_max is lower. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parsePrefix);
const NEWLINE = Buffer.from('\n');

export interface LogListenerOptions {
  readonly source: SourceOfType<'access-log'>;
  readonly state: Pick<CrawlState, 'addRequests'>;
  readonly documents: CrawlDocumentReader;
  readonly clock: Clock;
  readonly isIpv6Only: boolean;
  /** Lines were lost, or none can be read. Called at most once a minute for each listener. */
  readonly onProblem: (problem: string) => void;
  readonly onError: (error: Error) => void;
  /** In ms; default: 2 s. */
  readonly flushMs?: number;
}

export interface LogListener extends Endpoint {
  /** Counts and stores what has arrived until now. */
  flush(): Promise<void>;
  /** Ends after what has arrived is stored. */
  stop(): Promise<void>;
}

/** @param endpoint where to listen @throws OperatorError if that is not possible */
export async function startLogListener(endpoint: Endpoint, options: LogListenerOptions): Promise<LogListener> {
  const { source, isIpv6Only, onError, flushMs = FLUSH_MS } = options;
  const allowed: readonly Prefix[] = source.from ?? LOOPBACK;
  const queue = new LineQueue(options);
  const recvBufferSize = RECEIVE_BUFFER_BYTES;
  const socket = createSocket(
    isIPv6(endpoint.host) ? { type: 'udp6', ipv6Only: isIpv6Only, recvBufferSize } : { type: 'udp4', recvBufferSize },
  );
  socket.on('message', (datagram, { address }) => {
    const sender = parseIp(address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, ''));
    if (allowed.some((prefix) => prefixContains(prefix, sender))) queue.add(datagram);
  });
  const bound = once(socket, 'listening');
  socket.bind(endpoint.port, endpoint.host);
  try {
    await bound;
  } catch (thrown) {
    socket.close();
    throw listenError(
      { protocol: 'udp', ...endpoint },
      { cause: thrown, key: `crawler.sources (${source.name}).listen` },
    );
  }
  socket.on('error', onError);
  let isOpen = true;
  const timer = setInterval(() => void queue.flush(), flushMs);
  return {
    host: endpoint.host,
    port: socket.address().port,
    flush: () => queue.flush(),
    stop: async () => {
      if (isOpen) {
        isOpen = false;
        clearInterval(timer);
        await new Promise<void>((resolve) => {
          socket.close(() => resolve());
        });
      }
      await queue.flush();
    },
  };
}

const PROBLEM_EVERY_MS = 60_000;

class LineQueue {
  readonly #options: LogListenerOptions;
  #parts: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  #flushing: Promise<void> = Promise.resolve();
  #lastProblemMs = Number.NEGATIVE_INFINITY;

  constructor(options: LogListenerOptions) {
    this.#options = options;
  }

  add(datagram: Buffer): void {
    if (this.#bytes + datagram.length >= MAX_LOG_QUEUE_BYTES) {
      this.#dropped++;
      return;
    }
    this.#parts.push(datagram);
    this.#bytes += datagram.length + 1;
    // Squid ends a line with a newline, syslog does not.
    if (datagram.at(-1) !== NEWLINE[0]) this.#parts.push(NEWLINE);
  }

  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#countAll());
    return this.#flushing;
  }

  async #countAll(): Promise<void> {
    const { source, state, documents, clock } = this.#options;
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0)
      this.#problem(`dropped ${counted(dropped, 'datagram')}: lines arrive faster than they can be read`);
    if (this.#bytes === 0) return;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    try {
      const totals = new LogTotals();
      const reading = logReading(source, clock.nowMs());
      totals.add(await documents.run('logLines', { bytes, reading }, { about: `the lines sent to ${source.name}` }));
      state.addRequests(source.name, totals.byDay, undefined);
      const problem = totals.complaint('what was sent') ?? totals.note();
      if (problem !== undefined) this.#problem(problem);
    } catch (thrown) {
      this.#problem(messageOf(thrown));
    }
  }

  #problem(problem: string): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#lastProblemMs < PROBLEM_EVERY_MS) return;
    this.#lastProblemMs = nowMs;
    this.#options.onProblem(`${this.#options.source.name}: ${problem}`);
  }
}
