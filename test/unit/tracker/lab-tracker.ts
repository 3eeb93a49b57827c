/** A whole tracker without sockets: handlers, announcer and swarms, with requests in and answers out as values. */
import bencode from 'bencode';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { NetworkSet } from '../../../src/domain/network-set.js';
import { createRandom } from '../../../src/domain/random.js';
import { topologyTableFrom } from '../../../src/topology/flat-table.js';
import { AccessList, type AccessListData, OPEN_ACCESS } from '../../../src/tracker/access-list.js';
import { Announcer, type AnnouncerSettings } from '../../../src/tracker/announcer.js';
import { isInnerOnly } from '../../../src/tracker/bogons.js';
import { ConnectionIds } from '../../../src/tracker/connection-id.js';
import { countersOver, createCounters, readCounters } from '../../../src/tracker/counters.js';
import { HttpHandler } from '../../../src/tracker/http-handler.js';
import { SwarmStore } from '../../../src/tracker/swarm/swarm-store.js';
import type { SwarmLimits } from '../../../src/tracker/swarm/swarm-store-options.js';
import { UdpHandler } from '../../../src/tracker/udp-handler.js';
import { OtherWorkers } from '../../../src/tracker/workers/other-workers.js';
import type { WorkerShare } from '../../../src/tracker/workers/owner.js';
import type { LinksData } from '../../../src/tracker/workers/worker-links.js';
import { MAX_DATAGRAM_BYTES, MAX_HTTP_RESPONSE_BYTES, RemoteAddress } from '../../../src/transport/transport.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  type UdpAnnounceToSend,
  type UdpAnswer,
} from '../../../src/wire/udp-client-packets.js';
import { labPolicy } from '../../support/lab-policy.js';

export const HASH = new Uint8Array(20).fill(0xab);
export const OTHER_HASH = new Uint8Array(20).fill(0xcd);
/** A foreign, public address and others beside it. */
export const PUBLIC = (n: number): string => `193.0.${n >> 8}.${n & 255}`;
const POLICY = labPolicy();
/** The position of the HTTP listener. */
export const HTTP_LISTENER = 1;
export const TRANSACTION_ID = 0x1badb002;

export function remoteOf(text: string, port = 50_000): RemoteAddress {
  const { family, words } = parseIp(text);
  const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
  return Object.assign(new RemoteAddress(), { family, word0, word1, word2, word3, port });
}

/** Each character a byte, all escaped. */
export function escaped(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

export function peerId(n: number): Uint8Array {
  return new Uint8Array(Buffer.from(`-TT0001-${String(n).padStart(12, '0')}`));
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly consumed: number;
  readonly close: boolean;
  readonly value: Record<string, unknown>;
}

export interface LabTrackerOptions {
  readonly settings?: Partial<AnnouncerSettings>;
  readonly access?: AccessListData;
  readonly limits?: Partial<SwarmLimits>;
  readonly proxies?: readonly string[];
  readonly fullScrape?: boolean;
  readonly connectionId?: 'strict' | 'lenient';
  readonly upstreamWantedBelow?: number;
  /** It is one of several workers. */
  readonly linked?: {
    readonly links: LinksData;
    readonly share: WorkerShare;
    readonly wake: (event: number) => void;
    readonly nowMs: () => number;
  };
}

export const networks = (...prefixes: string[]): NetworkSet => new NetworkSet(prefixes.map(parsePrefix));

export class LabTracker {
  readonly store: SwarmStore;
  readonly announcer: Announcer;
  readonly udpHandler: UdpHandler;
  readonly httpHandler: HttpHandler;
  readonly others: OtherWorkers | null;
  readonly defects: unknown[] = [];
  readonly upstreamAsked: string[] = [];
  /** The original that the client of each of these announces means, where it is to be asked. */
  readonly originals: (string | undefined)[] = [];
  readonly #counters = createCounters();

  constructor(options: LabTrackerOptions = {}) {
    const { topology, cost } = POLICY;
    const settings: AnnouncerSettings = {
      intervalSeconds: 1_800,
      minIntervalSeconds: 60,
      defaultNumWant: 50,
      maxNumWant: 200,
      portFloor: 1,
      lab: false,
      denied: networks(),
      trusted: networks(),
      ...options.settings,
    };
    this.store = new SwarmStore({
      random: createRandom(1),
      policy: cost,
      intervalSeconds: settings.intervalSeconds,
      minIntervalSeconds: settings.minIntervalSeconds,
      arenaBytes: 64 * 1024 * 1024,
      limits: options.limits ?? {},
      isInnerOnly: settings.lab ? null : isInnerOnly,
      upstreamWantedBelow: options.upstreamWantedBelow ?? 0,
    });
    this.announcer = new Announcer({
      settings,
      store: this.store,
      topology: topologyTableFrom(topology),
      partition: cost.partition,
      access: new AccessList(options.access ?? OPEN_ACCESS),
      counters: countersOver(this.#counters),
      random: createRandom(2),
      onUpstreamNeeded: (bytes, offset) => {
        this.upstreamAsked.push(Buffer.from(bytes.subarray(offset, offset + 20)).toString('hex'));
        this.originals.push(this.announcer.unknown.originalOfAnnounce());
      },
    });
    this.announcer.nowSeconds = 10_000;
    const ids = new ConnectionIds(new Uint8Array(16).fill(3), options.connectionId ?? 'strict');
    const { linked } = options;
    const guard = {
      counters: this.announcer.counters,
      nowMs: linked?.nowMs ?? (() => 0),
      onDefect: (error: unknown) => this.defects.push(error),
    };
    this.others = linked ? new OtherWorkers(linked.links, linked.share, this.announcer, guard, linked.wake) : null;
    this.udpHandler = new UdpHandler(this.announcer, ids, this.others);
    this.httpHandler = new HttpHandler(this.announcer, {
      proxies: networks(...(options.proxies ?? [])),
      fullScrape: options.fullScrape ?? false,
      ...(this.others === null ? {} : { passing: this.others.passingAt(HTTP_LISTENER) }),
    });
  }

  get counters() {
    return readCounters(this.#counters);
  }

  pass(seconds: number): void {
    this.announcer.nowSeconds += seconds;
  }

  /** One datagram; null if it gets no answer. The handler sees it at an odd offset, among other bytes. */
  datagram(bytes: Uint8Array, from: string, port = 50_000): Uint8Array | null {
    const input = new Uint8Array(bytes.length + 64).fill(0x55);
    input.set(bytes, 13);
    const output = new Uint8Array(MAX_DATAGRAM_BYTES + 7);
    const length = this.udpHandler.onDatagram(input, 13, bytes.length, remoteOf(from, port), output, 7);
    return length === 0 ? null : output.slice(7, 7 + length);
  }

  connectionId(from: string): bigint {
    const answer = decodeUdpAnswer(this.datagram(encodeUdpConnect(1), from)!);
    if (answer.action !== 'connect') throw new Error(`not a connect answer: ${answer.action}`);
    return answer.connectionId;
  }

  udp(from: string, announce: Partial<UdpAnnounceToSend> = {}, options?: Uint8Array): UdpAnswer {
    const bytes = this.datagram(this.announceBytes(from, announce, options), from);
    if (bytes === null) throw new Error('no answer');
    return decodeUdpAnswer(bytes);
  }

  announceBytes(from: string, announce: Partial<UdpAnnounceToSend> = {}, options?: Uint8Array): Uint8Array {
    return encodeUdpAnnounce(
      {
        connectionId: this.connectionId(from),
        transactionId: TRANSACTION_ID,
        infoHash: HASH,
        peerId: peerId(1),
        left: 100n,
        port: 6_881,
        ...announce,
      },
      options,
    );
  }

  /** An announce whose answer must be one. */
  peers(from: string, announce: Partial<UdpAnnounceToSend> = {}): string[] {
    const answer = this.udp(from, announce);
    if (answer.action !== 'announce') throw new Error(JSON.stringify(answer));
    return compactPeers(answer.peers, from.includes(':') ? 18 : 6);
  }

  udpScrape(from: string, hashes: Uint8Array[]): UdpAnswer {
    return decodeUdpAnswer(this.datagram(encodeUdpScrape(this.connectionId(from), TRANSACTION_ID, hashes), from)!);
  }

  /** All of a connection's bytes at once; null while the request is not whole. */
  http(text: string, from = PUBLIC(1)): HttpAnswer | null {
    const request = Buffer.from(text, 'latin1');
    const input = new Uint8Array(request.length + 40).fill(0x0a);
    input.set(request, 17);
    const output = new Uint8Array(MAX_HTTP_RESPONSE_BYTES + 5);
    const length = this.httpHandler.onHttpBytes(input, 17, request.length, remoteOf(from), output, 5);
    if (length === 0) return null;
    const answer = Buffer.from(output.slice(5, 5 + length));
    const end = answer.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = answer.toString('latin1', 0, end).split('\r\n');
    const body = answer.subarray(end + 4);
    return {
      status: Number(statusLine.split(' ')[1]),
      headers: Object.fromEntries(lines.map((line) => line.toLowerCase().split(': ') as [string, string])),
      body,
      consumed: this.httpHandler.consumed,
      close: this.httpHandler.close,
      get value() {
        return bencode.decode(body) as Record<string, unknown>;
      },
    };
  }

  query(parameters: Record<string, string> = {}): string {
    const all = { info_hash: escaped(HASH), peer_id: escaped(peerId(1)), port: '6881', left: '100', ...parameters };
    return Object.entries(all)
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
  }

  get(parameters: Record<string, string> = {}, from = PUBLIC(1)): Record<string, unknown> {
    return this.http(`GET /announce?${this.query(parameters)} HTTP/1.1\r\n\r\n`, from)!.value;
  }

  failure(parameters: Record<string, string> = {}, from = PUBLIC(1)): string {
    return Buffer.from((this.get(parameters, from)['failure reason'] as Uint8Array | undefined) ?? []).toString();
  }
}

/** `address:port` of each. */
export function compactPeers(peers: Uint8Array, size: 6 | 18): string[] {
  const out: string[] = [];
  for (let at = 0; at < peers.length; at += size) {
    const port = (peers[at + size - 2]! << 8) | peers[at + size - 1]!;
    const address =
      size === 6
        ? peers.slice(at, at + 4).join('.')
        : Buffer.from(peers.slice(at, at + 16))
            .toString('hex')
            .match(/.{4}/g)!
            .join(':');
    out.push(`${address}:${port}`);
  }
  return out;
}
