/**
 * Tells secondaries that a zone has changed (NOTIFY, RFC 1996): at once, and again, backing off, until each has answered.
 * It sends from the socket that the RPZ server listens on, because a secondary takes NOTIFY only from the address of its
 * primary.
 */
import { randomInt } from 'node:crypto';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import { formatEndpoint } from '../../net/endpoint.js';
import {
  CLASS_IN,
  DNS_HEADER_BYTES,
  FLAG_AUTHORITATIVE,
  FLAG_RESPONSE,
  OPCODE_NOTIFY,
  TYPE_SOA,
} from '../wire/dns-codes.js';
import { opcodeOf, readMessage } from '../wire/dns-message.js';
import { canonicalName, type DomainName } from '../wire/domain-name.js';
import { writeMessage } from '../wire/message-writer.js';
import { NOTIFY_FIRST_RETRY_MS, NOTIFY_LAST_RETRY_MS } from './limits.js';
import type { Secondary } from './secondary.js';
import { type TsigKey, TsigSigner, verifyTsig } from './tsig.js';
import type { ZoneVersion } from './zone-history.js';

export interface NotifierOptions {
  /** From the listening address of the secondary's family. Never throws. */
  readonly send: (message: Buffer, secondary: Secondary) => void;
  readonly keyOf: (secondary: Secondary) => TsigKey | undefined;
  readonly nowMs: () => number;
  /** @param rcode of the answer */
  readonly onAnswer: (secondary: Secondary, zone: DomainName, rcode: number) => void;
  readonly firstRetryMs?: number;
}

interface Pending {
  readonly secondary: Secondary;
  readonly zone: DomainName;
  readonly version: Pick<ZoneVersion, 'soa'>;
  id: number;
  key: TsigKey | undefined;
  mac: Buffer | undefined;
  tries: number;
  timer: NodeJS.Timeout | undefined;
}

export class Notifier {
  readonly #options: NotifierOptions;
  /** By secondary and zone: a later change replaces one that is not answered yet. */
  readonly #pending = new Map<string, Pending>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Sends NOTIFY of this version to the secondaries, and stops repeating those of earlier versions. */
  notify(zone: DomainName, version: Pick<ZoneVersion, 'soa'>, secondaries: readonly Secondary[]): void {
    for (const secondary of secondaries.filter((each) => each.notify)) {
      const key = keyOf(secondary, zone);
      clearTimeout(this.#pending.get(key)?.timer);
      const pending: Pending = {
        ...{ secondary, zone, version, id: randomInt(0x10000), key: undefined, mac: undefined },
        ...{ tries: 0, timer: undefined },
      };
      this.#pending.set(key, pending);
      this.#send(pending);
    }
  }

  /** Those that have not answered, with the number of messages sent to each. */
  get unanswered(): readonly { readonly secondary: Secondary; readonly zone: DomainName; readonly tries: number }[] {
    return [...this.#pending.values()];
  }

  /** Takes a datagram that is a response. Anything that matches no pending NOTIFY is ignored. */
  take(bytes: Buffer, from: { readonly address: string; readonly port: number }): void {
    if (bytes.length < DNS_HEADER_BYTES) return;
    const id = bytes.readUInt16BE(0);
    const flags = bytes.readUInt16BE(2);
    if ((flags & FLAG_RESPONSE) === 0 || opcodeOf(flags) !== OPCODE_NOTIFY) return;
    for (const [key, pending] of this.#pending) {
      if (pending.id !== id || !isFrom(pending.secondary, from)) continue;
      if (!this.#answers(bytes, pending)) continue;
      const rcode = flags & 15;
      this.#options.onAnswer(pending.secondary, pending.zone, rcode);
      // A secondary that refuses gets NOTIFY less often, because its operator may not have configured it yet.
      if (rcode === 0) this.#forget(key, pending);
      return;
    }
  }

  /** Forgets those that are no longer secondaries. */
  keepOnly(secondaries: readonly Secondary[]): void {
    for (const [key, pending] of this.#pending) {
      if (!secondaries.includes(pending.secondary)) this.#forget(key, pending);
    }
  }

  stop(): void {
    this.keepOnly([]);
  }

  #forget(key: string, { timer }: Pending): void {
    clearTimeout(timer);
    this.#pending.delete(key);
  }

  #send(pending: Pending): void {
    const { secondary, zone, version } = pending;
    const message = writeMessage({
      id: pending.id,
      flags: (OPCODE_NOTIFY << 11) | FLAG_AUTHORITATIVE,
      questions: [{ name: zone, type: TYPE_SOA, class: CLASS_IN }],
      answers: [version.soa],
      authorities: [],
      additionals: [],
    });
    pending.key = this.#options.keyOf(secondary);
    const signer = pending.key && new TsigSigner(pending.key, undefined);
    const signed = signer?.sign(message, Math.floor(this.#options.nowMs() / 1_000)) ?? message;
    pending.mac = signer?.mac;
    const firstMs = this.#options.firstRetryMs ?? NOTIFY_FIRST_RETRY_MS;
    const waitMs = Math.min(firstMs * 2 ** pending.tries, NOTIFY_LAST_RETRY_MS);
    pending.tries++;
    pending.timer = setTimeout(() => this.#send(pending), waitMs).unref();
    this.#options.send(signed, secondary);
  }

  /** Of the same zone, and signed where the NOTIFY was. */
  #answers(bytes: Buffer, { zone, key, mac }: Pending): boolean {
    try {
      const message = readMessage(bytes);
      const [question] = message.questions;
      if (question !== undefined && canonicalName(question.name) !== zone) return false;
      if (key === undefined || mac === undefined) return true;
      const nowSeconds = Math.floor(this.#options.nowMs() / 1_000);
      return verifyTsig(bytes, message, [key], nowSeconds, mac).kind === 'signed';
    } catch {
      return false; // not a DNS message
    }
  }
}

function keyOf({ endpoint }: Secondary, zone: DomainName): string {
  return `${formatEndpoint(endpoint)} ${zone}`;
}

function isFrom({ endpoint }: Secondary, from: { readonly address: string; readonly port: number }): boolean {
  return endpoint.port === from.port && formatIp(parseIp(endpoint.host)) === from.address;
}
