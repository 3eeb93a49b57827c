/**
 * Which version each secondary has, as its requests show: the one it transferred, or the one that its IXFR names. A secondary
 * lags if it still lacks the current version a while after that was published.
 */
import { formatEndpoint } from '../../net/endpoint.js';
import type { DomainName } from '../wire/domain-name.js';
import type { Contact } from './answer-request.js';
import { LAG_MS } from './limits.js';
import type { Secondary } from './secondary.js';
import { isLater } from './serial.js';

export interface SecondaryState {
  readonly secondary: Secondary;
  readonly zone: DomainName;
  /** The version that it has; undefined: none, as far as is known. */
  readonly serial: number | undefined;
  /** Of its last request since the start. */
  readonly seenMs: number | undefined;
  /** Code of its last answer to a NOTIFY. */
  readonly notifyRcode: number | undefined;
}

/** Survives a restart. */
export interface SerialStore {
  load(): readonly { readonly zone: DomainName; readonly secondary: string; readonly serial: number }[];
  save(zone: DomainName, secondary: string, serial: number): void;
}

type Known = { -readonly [Key in 'serial' | 'seenMs' | 'notifyRcode']: SecondaryState[Key] };

export class SecondaryStates {
  readonly #known = new Map<string, Known>();
  readonly #store: SerialStore;

  constructor(store: SerialStore) {
    this.#store = store;
    for (const { zone, secondary, serial } of store.load()) this.#stateOf(secondary, zone).serial = serial;
  }

  /** A request that was answered; for a transfer, after its last message. */
  seen({ secondaries, zone, serial }: Contact, nowMs: number): void {
    for (const { endpoint } of secondaries) {
      const name = formatEndpoint(endpoint);
      const state = this.#stateOf(name, zone);
      state.seenMs = nowMs;
      if (serial === undefined || serial === state.serial) continue;
      state.serial = serial;
      this.#store.save(zone, name, serial);
    }
  }

  notified({ endpoint }: Secondary, zone: DomainName, rcode: number): void {
    this.#stateOf(formatEndpoint(endpoint), zone).notifyRcode = rcode;
  }

  of(secondary: Secondary, zone: DomainName): SecondaryState {
    return { secondary, zone, ...this.#stateOf(formatEndpoint(secondary.endpoint), zone) };
  }

  #stateOf(secondary: string, zone: DomainName): Known {
    const key = `${secondary} ${zone}`;
    const state = this.#known.get(key) ?? { serial: undefined, seenMs: undefined, notifyRcode: undefined };
    this.#known.set(key, state);
    return state;
  }
}

/**
 * Whether it uses the zone. PowerDNS Recursor works without the exempt zone: a resolver that has another zone and has never
 * asked for this one does not want it.
 */
export function isWanted({ serial, seenMs }: SecondaryState, hasOthers: boolean): boolean {
  return serial !== undefined || seenMs !== undefined || !hasOthers;
}

/** When the current version was published, or this program started. */
export interface Published {
  readonly serial: number;
  readonly publishedMs: number;
}

/**
 * Whether it lacks the current version, as far as its requests show.
 * @param hasOtherPrimary a later version may have come from there: then it asks for our SOA and takes nothing
 */
export function lacks({ serial, seenMs }: SecondaryState, current: Published, hasOtherPrimary: boolean): boolean {
  if (serial !== undefined && !isLater(current.serial, serial)) return false;
  return !(hasOtherPrimary && seenMs !== undefined && seenMs > current.publishedMs);
}

/** Whether it has lacked the version for too long. */
export function lags(state: SecondaryState, current: Published, nowMs: number, hasOtherPrimary: boolean): boolean {
  return nowMs - current.publishedMs > LAG_MS && lacks(state, current, hasOtherPrimary);
}
