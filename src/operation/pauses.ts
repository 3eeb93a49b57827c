/**
 * What the operator has switched off for a while: the redirection, the localisation, or both parts of a drain. It lives as
 * long as the program, not as long as the part, so that a restart of the part loses nothing and others may listen to it.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { PauseStore } from '../store/sqlite/pause-store.js';
import { isStorageFailure } from '../store/sqlite/storage-failure.js';

export const PAUSABLE = ['redirection', 'localisation'] as const;
export type Pausable = (typeof PAUSABLE)[number];
/** `drain` withdraws the redirection as well, and lets load balancers leave. */
export const PAUSES = [...PAUSABLE, 'drain'] as const;
export type PauseName = (typeof PAUSES)[number];

export interface Pause {
  readonly what: PauseName;
  readonly sinceMs: number;
  /** Null: until resumed. */
  readonly untilMs: number | null;
  readonly actor: string;
}

export interface PausesContext {
  readonly store: PauseStore;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export class Pauses {
  readonly #context: PausesContext;
  readonly #pauses = new Map<PauseName, Pause>();
  readonly #listeners = new Set<() => void>();

  /** With the pauses of the last run. Those that ended meanwhile are ended, and logged, by the first {@link endExpired}. */
  constructor(context: PausesContext) {
    this.#context = context;
    for (const { what, ...rest } of context.store.all()) {
      const name = PAUSES.find((each) => each === what);
      if (name !== undefined) this.#pauses.set(name, { what: name, ...rest });
    }
  }

  /** The pause in force; undefined if there is none. */
  of(what: PauseName): Pause | undefined {
    const pause = this.#pauses.get(what);
    return pause === undefined || this.#isOver(pause) ? undefined : pause;
  }

  inForce(): Pause[] {
    return PAUSES.flatMap((what) => this.of(what) ?? []);
  }

  /** Nothing is redirected: by a pause or by a drain. */
  get isRedirectionOff(): boolean {
    return this.of('redirection') !== undefined || this.of('drain') !== undefined;
  }

  /** Answers are chosen at random. */
  get isLocalisationOff(): boolean {
    return this.of('localisation') !== undefined;
  }

  /**
   * A second pause replaces the first one and keeps its beginning. It is in force even if the disk is full.
   * @param untilMs null: until resumed
   */
  begin(what: PauseName, untilMs: number | null, actor: string): Pause {
    const sinceMs = this.of(what)?.sinceMs ?? this.#context.clock.nowMs();
    const pause: Pause = { what, sinceMs, untilMs, actor };
    this.#pauses.set(what, pause);
    this.#context.log.warn({ actor }, `operation: ${inWords(pause)} by ${actor}`);
    this.#changed();
    this.#store(`${what} is paused, but not after a restart`, (store) => store.put(pause));
    return pause;
  }

  /** @returns whether it was in force */
  end(what: PauseName, actor: string): boolean {
    const pause = this.of(what);
    if (pause === undefined) return false;
    this.#remove(pause, `${nounOf(what)} ended by ${actor}`);
    return true;
  }

  /** Ends the pauses whose time is over. Called every second. */
  endExpired(): void {
    for (const pause of [...this.#pauses.values()]) {
      if (this.#isOver(pause)) this.#remove(pause, `${nounOf(pause.what)} has ended, as its time is over`);
    }
  }

  /** Called after each change. @returns unsubscribe */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #isOver({ untilMs }: Pause): boolean {
    return untilMs !== null && this.#context.clock.nowMs() >= untilMs;
  }

  #remove({ what }: Pause, message: string): void {
    this.#pauses.delete(what);
    this.#context.log.info(`operation: ${message}`);
    this.#changed();
    this.#store(`the pause of ${what} has ended, but a restart would bring it back`, (store) => store.remove(what));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Somebody who pauses during an incident must not be refused because of the disk. */
  #store(otherwise: string, write: (store: PauseStore) => void): void {
    try {
      write(this.#context.store);
    } catch (thrown) {
      if (!isStorageFailure(thrown)) throw thrown;
      this.#context.log.error({ err: thrown }, `operation: ${otherwise}: ${messageOf(thrown)}`);
    }
  }
}

/** `redirection is paused until 2026-11-22T10:00:00Z`. */
export function inWords({ what, untilMs }: Pick<Pause, 'what' | 'untilMs'>): string {
  if (what === 'drain') return 'this tracker is draining';
  return `${what} is paused until ${untilMs === null ? 'resumed' : new Date(untilMs).toISOString()}`;
}

function nounOf(what: PauseName): string {
  return what === 'drain' ? 'the drain' : `the pause of the ${what}`;
}
