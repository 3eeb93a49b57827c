/**
 * The RPZ server: a primary for the zones of the redirection, over UDP and TCP on each address. Resolvers of the operator
 * transfer the zones and get a NOTIFY for each change. It refuses all other clients and zones.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.js';
import { messageOf } from '../../domain/errors.js';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import { listenError } from '../../net/listen-error.js';
import type { DnsLog } from '../dns-log.js';
import type { TcpServer } from '../tcp-server.js';
import { FLAG_RESPONSE } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';
import { type DomainName, nameToText } from '../wire/domain-name.js';
import { answerRequest, type RequestAnswer } from './answer-request.js';
import { Notifier } from './notifier.js';
import { isAt, type Secondary } from './secondary.js';
import { isWanted, lacks, lags, type SecondaryState, SecondaryStates, type SerialStore } from './secondary-states.js';
import { SeenRequests } from './seen-requests.js';
import type { SerialParity } from './serial.js';
import { listenForTransfers, type TransferAnswer } from './serve-transfers.js';
import type { TsigKey } from './tsig.js';
import { type SoaTimes, type StoredHistory, ZoneHistory } from './zone-history.js';

/** Survives a restart. Errors of the disk are thrown. */
export interface ZoneStore extends SerialStore {
  loadZone(zone: DomainName): StoredHistory | undefined;
  saveZone(zone: DomainName, history: StoredHistory): void;
}

/** The secondaries that may transfer, and their keys. A reload replaces it. */
export interface RpzAccess {
  readonly secondaries: readonly Secondary[];
  readonly keys: readonly TsigKey[];
}

export interface RpzServerOptions {
  /** Port 0: a free port, the same for UDP and TCP. */
  readonly listen: readonly Endpoint[];
  readonly zones: readonly DomainName[];
  readonly access: RpzAccess;
  readonly serials: SerialParity;
  readonly store: ZoneStore;
  readonly clock: Clock;
  readonly log: DnsLog;
  readonly notifyRetryMs?: number;
  readonly stalledMs?: number;
}

export type RpzCounters = Record<
  RequestAnswer['result'] | 'connectionsRefused' | 'transfersBroken' | 'notifySent',
  number
>;

export interface ZoneState {
  readonly zone: DomainName;
  readonly serial: number;
  readonly records: number;
  readonly publishedMs: number;
  readonly secondaries: readonly (SecondaryState & {
    readonly isWanted: boolean;
    /** It has not taken the current version yet. */
    readonly lacks: boolean;
    /** It lacks the version for too long. */
    readonly lags: boolean;
    readonly unansweredNotifies: number;
  })[];
}

const TAKEN_POLL_MS = 20;

interface Listener {
  readonly endpoint: Endpoint;
  readonly udp: Socket;
  readonly tcp: TcpServer;
}

export class RpzServer {
  readonly #options: RpzServerOptions;
  readonly #zones: ReadonlyMap<DomainName, ZoneHistory>;
  readonly #publishedMs = new Map<DomainName, number>();
  readonly #states: SecondaryStates;
  readonly #notifier: Notifier;
  readonly #seen = new SeenRequests();
  /** Address of a secondary → the listener that it asked last, which is the primary that it knows. */
  readonly #askedAt = new Map<string, Listener>();
  readonly counters: RpzCounters = {
    ...{ soa: 0, axfr: 0, ixfr: 0, upToDate: 0, notify: 0, refused: 0, badSignature: 0, malformed: 0 },
    ...{ connectionsRefused: 0, transfersBroken: 0, notifySent: 0 },
  };
  #access: RpzAccess;
  #listeners: Listener[] = [];
  #storeFailure: string | undefined;
  #notifyDelayMs = 0;

  constructor(options: RpzServerOptions) {
    const { store, zones, clock, notifyRetryMs } = options;
    this.#options = options;
    this.#access = options.access;
    this.#zones = new Map(
      zones.map(
        (zone) =>
          [
            zone,
            new ZoneHistory(
              zone,
              this.#stored(() => store.loadZone(zone)),
            ),
          ] as const,
      ),
    );
    this.#states = new SecondaryStates({
      load: () => this.#stored(() => store.load()) ?? [],
      save: (...serial) => this.#stored(() => store.save(...serial)),
    });
    this.#notifier = new Notifier({
      send: (message, secondary) => this.#sendNotify(message, secondary),
      keyOf: ({ key }) => this.#access.keys.find(({ name }) => name === key),
      nowMs: () => clock.nowMs(),
      onAnswer: (secondary, zone, rcode) => this.#states.notified(secondary, zone, rcode),
      ...(notifyRetryMs === undefined ? {} : { firstRetryMs: notifyRetryMs }),
    });
  }

  /** @throws OperatorError if an address cannot be bound */
  async start(): Promise<void> {
    try {
      for (const endpoint of this.#options.listen) {
        const listener = await this.#listen(endpoint).catch((thrown: unknown) => {
          throw listenError({ ...endpoint, protocol: 'dns' }, { cause: thrown, key: 'dnsRedirect.rpz.listen' });
        });
        this.#listeners.push(listener);
      }
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  get addresses(): readonly Endpoint[] {
    return this.#listeners.map(({ endpoint }) => endpoint);
  }

  /**
   * The records of the version that is published or was by an earlier run, then those that each earlier version lost, the
   * latest first. So the records of a withdrawn name are found at its last withdrawal.
   */
  latestRecordsOf(zone: DomainName): readonly (readonly DnsRecord[])[] {
    const history = this.#zones.get(zone);
    if (history === undefined || !history.hasVersion) return [];
    return [history.current.records, ...history.differences.map(({ removed }) => removed).reverse()];
  }

  /**
   * Makes these records the zone, and tells the secondaries if they differ from those of before. The first call after a
   * start tells them in any case.
   * @param changedAtMs when what the zone is made of changed
   */
  publish(zone: DomainName, records: readonly DnsRecord[], times: SoaTimes, changedAtMs?: number): void {
    const history = this.#zones.get(zone);
    if (history === undefined) throw new Error(`${nameToText(zone)} is not a zone of this server`);
    const nowMs = this.#options.clock.nowMs();
    const isFirst = !this.#publishedMs.has(zone);
    const isNew = history.publish(records, times, Math.floor(nowMs / 1_000), this.#options.serials);
    if (!isFirst && !isNew) return;
    this.#publishedMs.set(zone, nowMs);
    this.#notifier.notify(zone, history.current, this.#access.secondaries);
    if (changedAtMs !== undefined) this.#notifyDelayMs = Math.max(0, this.#options.clock.nowMs() - changedAtMs);
    const { serial } = history.current;
    this.#options.log.info({ zone: nameToText(zone), serial, records: records.length }, 'RPZ: the zone is published');
    // After the NOTIFY: a slow disk does not delay it.
    const { current, differences } = history;
    if (isNew) this.#stored(() => this.#options.store.saveZone(zone, { current, differences }));
  }

  /** Added secondaries get a NOTIFY for each zone. */
  setAccess(access: RpzAccess): void {
    const known = this.#access.secondaries.map(({ endpoint }) => formatEndpoint(endpoint));
    this.#access = access;
    this.#notifier.keepOnly(access.secondaries);
    const added = access.secondaries.filter(({ endpoint }) => !known.includes(formatEndpoint(endpoint)));
    for (const [zone] of this.#publishedMs) this.#notifier.notify(zone, this.#zones.get(zone)!.current, added);
  }

  get zones(): ZoneState[] {
    const nowMs = this.#options.clock.nowMs();
    const hasOtherPrimary = this.#options.serials !== 'any';
    return [...this.#publishedMs].map(([zone, publishedMs]) => {
      const { serial, records } = this.#zones.get(zone)!.current;
      const secondaries = this.#access.secondaries.map((secondary) => {
        const state = this.#states.of(secondary, zone);
        const pending = this.#notifier.unanswered.find((each) => each.secondary === secondary && each.zone === zone);
        const hasOthers = [...this.#zones.keys()].some((each) => this.#states.of(secondary, each).serial !== undefined);
        const wanted = isWanted(state, hasOthers);
        const current = { serial, publishedMs };
        return {
          ...{ ...state, isWanted: wanted, unansweredNotifies: pending?.tries ?? 0 },
          lacks: wanted && lacks(state, current, hasOtherPrimary),
          lags: wanted && lags(state, current, nowMs, hasOtherPrimary),
        };
      });
      return { zone, serial, records: records.length, publishedMs, secondaries };
    });
  }

  /** From the last change to its NOTIFY. */
  get notifyDelayMs(): number {
    return this.#notifyDelayMs;
  }

  /** Why the history is not stored; undefined: it is. */
  get storeFailure(): string | undefined {
    return this.#storeFailure;
  }

  /**
   * Resolves once each secondary that has asked since the start has the current version of the zone.
   * @returns those that lack it after this time
   */
  async whenTaken(zone: DomainName, withinMs: number): Promise<readonly Secondary[]> {
    const lacking = (): Secondary[] => {
      const state = this.zones.find((each) => each.zone === zone);
      const asked = (state?.secondaries ?? []).filter(({ seenMs }) => seenMs !== undefined);
      return asked.filter((each) => each.lacks).map(({ secondary }) => secondary);
    };
    const signal = AbortSignal.timeout(withinMs);
    while (lacking().length > 0 && !signal.aborted) await sleep(TAKEN_POLL_MS);
    return lacking();
  }

  async stop(): Promise<void> {
    this.#notifier.stop();
    const closing = this.#listeners;
    this.#listeners = [];
    await Promise.all(
      closing.flatMap(({ udp, tcp }) => [new Promise<void>((resolve) => udp.close(() => resolve())), tcp.close()]),
    );
  }

  async #listen(endpoint: Endpoint): Promise<Listener> {
    for (let attempt = 1; ; attempt++) {
      let listener: Listener | undefined;
      const tcp = await listenForTransfers(endpoint, {
        answer: (bytes, address) => listener && this.#answerTransfer(bytes, address, listener),
        isSecondary: (address) => this.#access.secondaries.some((each) => isAt(each, address)),
        onConnectionRefused: () => this.counters.connectionsRefused++,
        onTransferBroken: () => this.counters.transfersBroken++,
        ...(this.#options.stalledMs === undefined ? {} : { stalledMs: this.#options.stalledMs }),
      });
      try {
        const bound = { host: endpoint.host, port: tcp.port };
        const udp = await this.#listenOverUdp(bound, () => listener);
        listener = { endpoint: bound, udp, tcp };
        return listener;
      } catch (thrown) {
        await tcp.close();
        // The port that the system chose for TCP may be taken for UDP.
        if (endpoint.port !== 0 || attempt >= 10) throw thrown;
      }
    }
  }

  async #listenOverUdp({ host, port }: Endpoint, listener: () => Listener | undefined): Promise<Socket> {
    const socket = createSocket(isIPv6(host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    socket.on('message', (bytes, from) => {
      const at = listener();
      if (at === undefined || from.port === 0) return;
      const address = formatIp(parseIp(from.address.replace(/%.*$/, '')));
      if (bytes.length > 2 && (bytes.readUInt16BE(2) & FLAG_RESPONSE) !== 0) {
        this.#notifier.take(bytes, { address, port: from.port });
        return;
      }
      const answer = this.#answer(bytes, address, 'udp', at);
      if (answer === undefined) return;
      // A send that fails (the client is gone) affects no other client.
      for (const message of answer.messages) socket.send(message, from.port, from.address, () => {});
      answer.sent();
    });
    const bound = once(socket, 'listening');
    socket.bind(port, host);
    try {
      await bound;
    } catch (thrown) {
      socket.close();
      throw thrown;
    }
    socket.on('error', () => {});
    return socket;
  }

  #answerTransfer(bytes: Buffer, address: string, listener: Listener): TransferAnswer | undefined {
    return this.#answer(bytes, address, 'tcp', listener);
  }

  #answer(bytes: Buffer, address: string, transport: 'udp' | 'tcp', listener: Listener): TransferAnswer | undefined {
    const { clock, log } = this.#options;
    const answer = answerRequest(
      { bytes, address, transport },
      {
        zones: this.#publishedZones(),
        ...this.#access,
        nowSeconds: Math.floor(clock.nowMs() / 1_000),
        seen: this.#seen,
      },
    );
    if (answer === undefined) return undefined;
    this.counters[answer.result]++;
    const { contact, result } = answer;
    if (contact === undefined) log.debug({ client: address, result }, 'RPZ: a request was not granted');
    else this.#askedAt.set(address, listener);
    return {
      messages: answer.messages,
      sent: () => {
        if (contact === undefined) return;
        this.#states.seen(contact, clock.nowMs());
        const { zone, serial } = contact;
        log.debug({ client: address, result, zone: nameToText(zone), serial }, 'RPZ: a request was answered');
      },
    };
  }

  /** A zone that has not been published yet may be outdated: a secondary keeps its own copy until then. */
  #publishedZones(): ReadonlyMap<DomainName, ZoneHistory | undefined> {
    return new Map(
      [...this.#zones].map(([zone, history]) => [zone, this.#publishedMs.has(zone) ? history : undefined]),
    );
  }

  #sendNotify(message: Buffer, { endpoint }: Secondary): void {
    const ofFamily = this.#listeners.filter((each) => isIPv6(each.endpoint.host) === isIPv6(endpoint.host));
    const known = this.#askedAt.get(formatIp(parseIp(endpoint.host)));
    const listener = known !== undefined && ofFamily.includes(known) ? known : ofFamily[0];
    if (listener === undefined) return;
    this.counters.notifySent++;
    try {
      // An error (no route) is the same as no answer.
      listener.udp.send(message, endpoint.port, endpoint.host, () => {});
    } catch {}
  }

  #stored<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#storeFailure = undefined;
      return result;
    } catch (thrown) {
      this.#storeFailure = messageOf(thrown);
      this.#options.log.warn({ err: thrown }, `RPZ: the zones cannot be stored: ${this.#storeFailure}`);
      return undefined;
    }
  }
}
