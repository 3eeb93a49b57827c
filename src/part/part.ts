/**
 * The shape of a part: what the application needs to know of it. `create-app` starts parts in order, hands each what it
 * needs, and asks all of them alike for their listeners, metrics, reload and end. A part knows no other part.
 */
import type { z } from 'zod';
import type { ConfigPart } from '../config-kit/config-part.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Endpoint } from '../net/endpoint.js';

/** Puts in force what was prepared: no waiting, and nothing that can fail. */
export type Apply = () => void;

export interface PartListener extends Endpoint {
  /** `http://127.0.0.1:8080`, with the port that the system chose where the configuration says 0. */
  readonly url: string;
  /** One line for people: what is found there. */
  readonly about: string;
}

/** @typeParam Whole the sections of the configuration that the part reads, its own among them */
export interface RunningPart<Whole> {
  readonly listeners: readonly PartListener[];
  readonly metrics: readonly MetricFamily[];
  /**
   * First step of a reload: checks `next` and changes nothing. Keys that need a restart are as they were at the start; the
   * part's section is missing once it was removed.
   * @throws OperatorError that names what cannot be used
   */
  prepare(next: Whole): Apply | Promise<Apply>;
  stop(): Promise<void>;
}

/**
 * @typeParam Whole the sections that it reads
 * @typeParam Needs what the application gives it of other parts: small interfaces that the part declares
 */
export interface Part<Key extends string, Schema extends z.ZodType, Whole, Needs, Running extends RunningPart<Whole>>
  extends ConfigPart<Key, Schema, Whole> {
  /** In readiness, log and metrics. */
  readonly name: string;
  /** In the table that `serve` prints. */
  readonly label: string;
  /**
   * @param previous the part as it ran before a failure, stopped: its ports are to be kept
   * @throws OperatorError if it cannot start; nothing is left running then
   */
  start(config: Whole, needs: Needs, previous: Running | undefined): Promise<Running>;
}
