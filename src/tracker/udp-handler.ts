/**
 * Datagrams of the UDP tracker protocol (BEP 15, BEP 41) to answers. What is no request, or comes from an address that is
 * not proven by a connection id, gets no answer at all, except `connect`, whose answer is as long as its request.
 */
import { INFO_HASH_BYTES } from '../domain/info-hash.js';
import type { DatagramHandler, DatagramListener, RemoteAddress } from '../transport/transport.js';
import { readUint32 } from '../wire/byte-order.js';
import { decodeUrlData } from '../wire/udp-options.js';
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_OFFSET,
  ACTION_SCRAPE,
  ANNOUNCE_INFO_HASH_OFFSET,
  ANNOUNCE_IP_OFFSET,
  CONNECT_RESPONSE_BYTES,
  CONNECTION_ID_OFFSET,
  decodeUdpAnnounce,
  PROTOCOL_ID_HIGH,
  PROTOCOL_ID_LOW,
  UDP_ANNOUNCE_REQUEST_BYTES,
  UDP_ANNOUNCE_RESPONSE_HEAD_BYTES,
  UDP_REQUEST_HEAD_BYTES,
  UDP_SCRAPE_ENTRY_BYTES,
  UDP_SCRAPE_MAX_HASHES,
  UDP_SCRAPE_RESPONSE_HEAD_BYTES,
  writeUdpAnnounceCounts,
  writeUdpError,
  writeUdpHead,
  writeUdpScrapeEntry,
} from '../wire/udp-packets.js';
import type { Announcer } from './announcer.js';
import type { ConnectionIds } from './connection-id.js';
import {
  COUNT_ANNOUNCES_UDP,
  COUNT_CONNECTS,
  COUNT_DROPPED,
  COUNT_SCRAPES_UDP,
  COUNT_URL_DATA,
  countRefusal,
} from './counters.js';
import { MAX_UDP_PEERS_IPV6, MAX_URL_DATA_BYTES } from './limits.js';
import {
  REFUSAL_BUSY,
  REFUSAL_CONNECTION_ID,
  REFUSAL_MALFORMED,
  REFUSAL_NO_HASHES,
  REFUSAL_NONE,
  REFUSALS,
} from './refusals.js';
import { ScrapeOutcome } from './swarm/announce-outcome.js';
import { originalUrl } from './unknown/original-url.js';
import type { RedirectedTrackers } from './unknown/redirected-trackers.js';
import type { AnnounceSource } from './unknown/unknown-torrents.js';
import { readCounts } from './workers/gathered-scrapes.js';
import type { OtherWorkers } from './workers/other-workers.js';
import { ownerOfAll, owns } from './workers/owner.js';

export class UdpHandler implements DatagramHandler, AnnounceSource {
  /** Where its datagrams arrive; set once it listens. */
  listener: DatagramListener | null = null;
  private readonly announcer: Announcer;
  private readonly connectionIds: ConnectionIds;
  /** Null: all swarms are this worker's. */
  private readonly others: OtherWorkers | null;
  private readonly scrape = new ScrapeOutcome();
  private readonly urlData = new Uint8Array(MAX_URL_DATA_BYTES);
  /** Of the current announce. */
  private urlDataBytes = 0;

  constructor(announcer: Announcer, connectionIds: ConnectionIds, others: OtherWorkers | null = null) {
    this.announcer = announcer;
    this.connectionIds = connectionIds;
    this.others = others;
  }

  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    // An answer to port 0 goes nowhere; no conforming client sends from there.
    if (length < UDP_REQUEST_HEAD_BYTES || remote.port === 0) return this.drop();
    const action = readUint32(input, start + ACTION_OFFSET);
    if (action === ACTION_CONNECT) return this.connect(input, start, remote, output, outputStart);
    if (action !== ACTION_ANNOUNCE && action !== ACTION_SCRAPE) return this.drop();
    const { nowSeconds, counters } = this.announcer;
    if (!this.connectionIds.isValid(input, start + CONNECTION_ID_OFFSET, remote, nowSeconds)) {
      countRefusal(counters, REFUSAL_CONNECTION_ID);
      return this.drop();
    }
    return action === ACTION_ANNOUNCE
      ? this.announce(input, start, length, remote, output, outputStart)
      : this.scrapeHashes(input, start, length, output, outputStart);
  }

  announcedUnder(redirected: RedirectedTrackers): { readonly url: string | undefined } | undefined {
    const address = this.listener?.localAddress();
    const names = address === undefined ? [] : redirected.namesAt(address);
    if (this.listener === null || names.length === 0) return undefined;
    const [host] = names;
    if (host === undefined || names.length > 1) return { url: undefined };
    const { port } = this.listener.address;
    const [path = '', ...rest] = Buffer.from(this.urlData.subarray(0, this.urlDataBytes)).toString('latin1').split('?');
    return { url: originalUrl({ protocol: 'udp', host, port, path, query: rest.join('?') }) };
  }

  private drop(): number {
    this.announcer.counters[COUNT_DROPPED]!++;
    return 0;
  }

  private refuse(refusal: number, input: Uint8Array, start: number, output: Uint8Array, outputStart: number): number {
    countRefusal(this.announcer.counters, refusal);
    return writeUdpError(output, outputStart, input, start, REFUSALS[refusal]!.message);
  }

  private connect(
    input: Uint8Array,
    start: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    if (readUint32(input, start) !== PROTOCOL_ID_HIGH || readUint32(input, start + 4) !== PROTOCOL_ID_LOW) {
      return this.drop();
    }
    this.announcer.counters[COUNT_CONNECTS]!++;
    writeUdpHead(output, outputStart, ACTION_CONNECT, input, start);
    this.connectionIds.write(output, outputStart + 8, remote, this.announcer.nowSeconds);
    return CONNECT_RESPONSE_BYTES;
  }

  private announce(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    if (length < UDP_ANNOUNCE_REQUEST_BYTES) return this.refuse(REFUSAL_MALFORMED, input, start, output, outputStart);
    // The kernel steers announces to the owner; one that has arrived before it did is repeated by its client.
    if (this.others !== null && !owns(this.others.share, input, start + ANNOUNCE_INFO_HASH_OFFSET)) return this.drop();
    const announcer = this.announcer;
    const request = announcer.request;
    announcer.counters[COUNT_ANNOUNCES_UDP]!++;
    this.urlDataBytes = 0;
    if (length > UDP_ANNOUNCE_REQUEST_BYTES) {
      this.urlDataBytes = decodeUrlData(input, start + UDP_ANNOUNCE_REQUEST_BYTES, start + length, this.urlData);
      if (this.urlDataBytes > 0) announcer.counters[COUNT_URL_DATA]!++;
    }
    announcer.unknown.source = this;
    decodeUdpAnnounce(input, start, request);
    request.wantsPeerIds = false;
    request.family = remote.family;
    request.word0 = remote.word0;
    request.word1 = remote.word1;
    request.word2 = remote.word2;
    request.word3 = remote.word3;
    // BEP 15's `ip` has 32 bits: it can stand for the sender only on IPv4, where the answer's peers have the same form.
    const ip = readUint32(input, start + ANNOUNCE_IP_OFFSET);
    if (ip !== 0 && remote.family === 4 && announcer.isTrusted(4, remote.word0, 0, 0, 0)) request.word0 = ip;

    const refusal = announcer.announce();
    if (refusal !== REFUSAL_NONE) return this.refuse(refusal, input, start, output, outputStart);
    writeUdpHead(output, outputStart, ACTION_ANNOUNCE, input, start);
    const peersStart = outputStart + UDP_ANNOUNCE_RESPONSE_HEAD_BYTES;
    const peersBytes =
      remote.family === 4
        ? 6 * announcer.select(output, peersStart, announcer.settings.maxNumWant)
        : 18 * announcer.select(output, peersStart, MAX_UDP_PEERS_IPV6);
    const { leechers, seeds } = announcer.outcome;
    writeUdpAnnounceCounts(output, outputStart, announcer.interval(), leechers, seeds);
    return UDP_ANNOUNCE_RESPONSE_HEAD_BYTES + peersBytes;
  }

  /** Positional: an unknown or forbidden hash gets zeroes, one asked twice is answered twice. */
  private scrapeHashes(
    input: Uint8Array,
    start: number,
    length: number,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const announcer = this.announcer;
    const count = Math.min(Math.floor((length - UDP_REQUEST_HEAD_BYTES) / 20), UDP_SCRAPE_MAX_HASHES);
    if (count === 0) return this.refuse(REFUSAL_NO_HASHES, input, start, output, outputStart);
    const { others } = this;
    const hashes = start + UDP_REQUEST_HEAD_BYTES;
    if (others !== null && ownerOfAll(input, hashes, count, others.share.count) !== others.share.index) {
      return this.gatherScrape(others, input, start, count, output, outputStart);
    }
    announcer.counters[COUNT_SCRAPES_UDP]!++;
    writeUdpHead(output, outputStart, ACTION_SCRAPE, input, start);
    const outcome = this.scrape;
    let at = outputStart + UDP_SCRAPE_RESPONSE_HEAD_BYTES;
    for (let i = 0; i < count; i++) {
      announcer.scrape(input, hashes + INFO_HASH_BYTES * i, outcome);
      writeUdpScrapeEntry(output, at, outcome.seeds, outcome.completed, outcome.leechers);
      at += UDP_SCRAPE_ENTRY_BYTES;
    }
    return at - outputStart;
  }

  /** Asks the owners, and sends the answer once they have answered. */
  private gatherScrape(
    others: OtherWorkers,
    input: Uint8Array,
    start: number,
    count: number,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const hashes = start + UDP_REQUEST_HEAD_BYTES;
    if (this.listener === null || !others.scrapes.hasRoomFor(input, hashes, count)) {
      return this.refuse(REFUSAL_BUSY, input, start, output, outputStart);
    }
    this.announcer.counters[COUNT_SCRAPES_UDP]!++;
    const late = this.listener.answerLater();
    const answer = new Uint8Array(UDP_SCRAPE_RESPONSE_HEAD_BYTES + UDP_SCRAPE_ENTRY_BYTES * count);
    writeUdpHead(answer, 0, ACTION_SCRAPE, input, start);
    others.scrapes.gatherCounts(input.slice(hashes, hashes + INFO_HASH_BYTES * count), (_, counts) => {
      const outcome = this.scrape;
      for (let i = 0; i < count; i++) {
        readCounts(counts, i, outcome);
        const at = UDP_SCRAPE_RESPONSE_HEAD_BYTES + UDP_SCRAPE_ENTRY_BYTES * i;
        writeUdpScrapeEntry(answer, at, outcome.seeds, outcome.completed, outcome.leechers);
      }
      late.send(answer);
    });
    return 0;
  }
}
