/**
 * The shape of a part: what the application needs to know about it. The application starts the parts in the order of
 * `src/config/parts.ts` and gives each what it needs. All have the same functions for listeners, routes, metrics, alarms,
 * reload and stop. A part does not know the other parts.
 */

import type { z } from 'zod';
import type { ConfigPart } from '../config-kit/config-part.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Route } from '../control-api/route.js';
import type { Alarm } from '../domain/alarm.js';
import type { Clock } from '../domain/clock.js';
import type { Logger } from '../logging/logger.js';
import type { Endpoint } from '../net/endpoint.js';

/** Applies what was prepared. It does not wait and cannot fail. */
export type Apply = () => void;

export interface PartListener extends Endpoint {
  /** `http://127.0.0.1:8080`, with the port that the system chose where the configuration says 0. */
  readonly url: string;
  /** One line for people: what this serves. */
  readonly about: string;
  /** True: the part is healthy only while this accepts TCP connections, which is tried every few seconds. */
  readonly connectCheck?: boolean;
}

/** @typeParam Whole the sections of the configuration that the part reads, its own among them */
export interface RunningPart<Whole> {
  readonly listeners: readonly PartListener[];
  /** Problems that need attention although the part serves. */
  alarms?(): readonly Alarm[];
  /**
   * First step of a reload: checks `next` and changes nothing. Keys that need a restart have their values from the start; the
   * part's section is missing after it was removed.
   * @throws OperatorError that names what cannot be used
   */
  prepare(next: Whole): Apply | Promise<Apply>;
  /** Before the program ends, while all parts still serve. It is not called before a restart. */
  beforeExit?(): unknown;
  /** May be called twice. */
  stop(): unknown;
  /** Of a part that runs in threads: one, or several workers that share its work. */
  readonly threads?: readonly PartThread[];
}

/** A thread that `PartContext.supervise` restarts when it ends or is stuck. */
export interface PartThread {
  /** Beat and delay, in shared memory. */
  readonly vitals: SharedArrayBuffer;
  readonly supervision: Supervision;
  /** Ends a stuck thread. Another one is started. */
  abandon(reason: Error): void;
}

/** Restarts a part each time it fails. */
export interface Supervision {
  /** The part's name, with that of the member. */
  readonly part: string;
  /** False from a failure until the part runs again. */
  readonly isUp: boolean;
  /** The number of restarts. */
  readonly count: number;
  readonly failedAtMs: number;
  /** undefined: it has not failed. */
  readonly lastError: string | undefined;
  /** @param what the message for the log */
  failed(reason: unknown, what?: string): void;
  stop(): Promise<void>;
}

/** What every part may need, independent of the other parts. */
export interface PartContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** For the errors of a listener after its start. */
  readonly onListenerError: (error: Error) => void;
  /** Whether `[::]` leaves IPv4 to another listener. */
  readonly isIpv6Only: (listener: Endpoint, protocol: 'udp' | 'tcp') => boolean;
  /**
   * For a part that runs in a thread.
   * @param restart gets the number of consecutive failures
   * @param member which of several threads of the part: `worker 2`
   */
  readonly supervise: (restart: (failures: number) => Promise<void>, member?: string) => Supervision;
}

/**
 * What the application starts.
 * @typeParam Whole the sections that it reads
 * @typeParam Needs what it is given: members of `PartContext`, and functions of other parts that `src/app/services.ts` connects
 */
export interface StartablePart<Whole, Needs, Running extends RunningPart<Whole>> {
  /** In readiness, log and metrics. */
  readonly name: string;
  /** In the table that `serve` prints. */
  readonly label: string;
  /** The name of its thread in metrics; several have a number after it. Absent: it runs in the main thread, and is restarted when it fails there. */
  readonly threadName?: string;
  /**
   * @param previous the stopped part of the previous run, whose ports this one should use again
   * @throws OperatorError if it cannot start; then nothing is left running
   */
  start(config: Whole, needs: Needs, previous: Running | undefined): Promise<Running>;
  /**
   * Its calls of the control API.
   * @param running the part as it runs now; undefined if it is switched off: its calls answer 404 and say so
   */
  routes?(running: () => Running | undefined, needs: Needs): Promise<readonly Route[]>;
  /** @param running the part as it runs now */
  metrics?(running: () => Running, needs: Needs): Promise<readonly MetricFamily[]>;
}

/** A part with a section of its own. */
export interface Part<Key extends string, Schema extends z.ZodType, Whole, Needs, Running extends RunningPart<Whole>>
  extends ConfigPart<Key, Schema, Whole>,
    StartablePart<Whole, Needs, Running> {
  /** Whether this configuration has the part; where absent, that is whether its section is written. */
  isOn?(config: Whole): boolean;
}

/** A part that the section of another one configures. It fails alone. */
export interface SharingPart<Whole, Needs, Running extends RunningPart<Whole>>
  extends StartablePart<Whole, Needs, Running> {
  /** The key of the section. */
  readonly section: string;
  /** Whether it is started before the section's own part, which needs it, or after it. */
  readonly order: 'before' | 'after';
  isOn(config: Whole): boolean;
}
