import bencode from 'bencode';
import { describe, expect, it } from 'vitest';
import { swarmRecords } from '../../../../src/tracker/full-scrape.js';
import { MAX_FULL_SCRAPE_SWARMS } from '../../../../src/tracker/limits.js';
import type { SwarmSummary } from '../../../../src/tracker/swarm/swarm-store.js';
import { GATHER_TIMEOUT_MS } from '../../../../src/tracker/workers/gathered-scrapes.js';
import { ownerOf } from '../../../../src/tracker/workers/owner.js';
import { MAX_HTTP_RESPONSE_BYTES } from '../../../../src/transport/transport.js';
import { decodeUdpAnswer, encodeUdpScrape, type UdpAnswer } from '../../../../src/wire/udp-client-packets.js';
import { escaped, LabTracker, type LabTrackerOptions, PUBLIC, peerId, TRANSACTION_ID } from '../lab-tracker.js';
import { hashOf, WorkerGroup } from './worker-group.js';

const COUNT = 3;
const FORBIDDEN = hashOf(2, COUNT, 5);
const HASHES = [hashOf(2, COUNT), hashOf(0, COUNT), hashOf(1, COUNT), hashOf(0, COUNT, 1)];
const OPTIONS: LabTrackerOptions = {
  fullScrape: true,
  access: { mode: 'open', hashes: new Uint8Array(0), deniedHashes: FORBIDDEN },
};

/** As many seeds and leechers as the position in {@link HASHES} says, through the worker that owns the swarm. */
function filled(): WorkerGroup {
  const group = new WorkerGroup(COUNT, OPTIONS);
  HASHES.forEach((hash, i) => {
    const tracker = group.trackers[ownerOf(hash, 0, COUNT)]!;
    for (let n = 0; n <= 2 * i; n++) {
      tracker.get({ info_hash: escaped(hash), peer_id: escaped(peerId(n)), left: n > i ? '1' : '0' }, PUBLIC(n));
    }
  });
  return group;
}

const entryOf = (i: number) => ({ seeders: i + 1, completed: 0, leechers: i });
const NOTHING = { seeders: 0, completed: 0, leechers: 0 };

/** Asks the worker, and returns where the answer arrives. */
function scrapeOverUdp(group: WorkerGroup, worker: number, hashes: readonly Uint8Array[]) {
  const tracker = group.trackers[worker]!;
  const sent: Uint8Array[] = [];
  tracker.udpHandler.listener = {
    address: { protocol: 'udp', host: '0.0.0.0', port: 6_969 },
    localAddress: () => undefined,
    answerLater: () => ({ send: (answer) => void sent.push(answer) }),
    close: () => {},
  };
  const from = PUBLIC(7);
  const now = tracker.datagram(encodeUdpScrape(tracker.connectionId(from), TRANSACTION_ID, [...hashes]), from);
  return { now, sent };
}

function entries(answer: UdpAnswer) {
  if (answer.action !== 'scrape') throw new Error(JSON.stringify(answer));
  expect(answer.transactionId).toBe(TRANSACTION_ID);
  return answer.entries;
}

function bodyOf(answer: string): Buffer {
  return Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
}

describe('a scrape over UDP of swarms of several workers', () => {
  it('is answered by position, with duplicates, and with zeroes for unknown and forbidden torrents', () => {
    const group = filled();
    const unknown = hashOf(1, COUNT, 7);
    const asked = [HASHES[2]!, HASHES[0]!, unknown, HASHES[1]!, FORBIDDEN, HASHES[2]!, HASHES[3]!];
    for (let worker = 0; worker < COUNT; worker++) {
      const { now, sent } = scrapeOverUdp(group, worker, asked);
      expect(now).toBeNull();
      group.settle();
      expect(sent).toHaveLength(1);
      expect(entries(decodeUdpAnswer(sent[0]!))).toEqual(
        [2, 0, NOTHING, 1, NOTHING, 2, 3].map((each) => (typeof each === 'number' ? entryOf(each) : each)),
      );
    }
    expect(group.trackers.map(({ counters }) => counters.scrapes.udp)).toEqual([1, 1, 1]);
    expect(group.trackers.map(({ counters }) => counters.passedToWorkers)).toEqual([2, 2, 2]);
    expect(group.trackers.map(({ counters }) => counters.droppedDatagrams)).toEqual([0, 0, 0]);
  });

  it('is answered at once where all are here', () => {
    const group = filled();
    const { now } = scrapeOverUdp(group, 0, [HASHES[3]!, HASHES[1]!]);
    expect(entries(decodeUdpAnswer(now!))).toEqual([entryOf(3), entryOf(1)]);
    expect(group.trackers[0]!.counters.passedToWorkers).toBe(0);
  });

  it('takes as many hashes as a packet has', () => {
    const group = filled();
    const asked = Array.from({ length: 74 }, (_, i) => HASHES[i % HASHES.length]!);
    const { sent } = scrapeOverUdp(group, 1, asked);
    group.settle();
    expect(entries(decodeUdpAnswer(sent[0]!))).toEqual(asked.map((_, i) => entryOf(i % HASHES.length)));
  });

  it('has zeroes after a second for an owner that does not answer', () => {
    const group = filled();
    const { sent } = scrapeOverUdp(group, 0, HASHES);
    group.settle([0, 1]);
    group.nowMs += GATHER_TIMEOUT_MS - 1;
    group.settle([0, 1]);
    expect(sent).toHaveLength(0);
    group.nowMs += 1;
    group.settle([0, 1]);
    expect(sent).toHaveLength(1);
    expect(entries(decodeUdpAnswer(sent[0]!))).toEqual([NOTHING, entryOf(1), entryOf(2), entryOf(3)]);
    // What comes too late belongs to nothing.
    group.settle();
    expect(sent).toHaveLength(1);
    for (const { defects } of group.trackers) expect(defects).toEqual([]);
  });

  it('is refused while too many are under way', () => {
    const group = filled();
    let refused: Uint8Array | null = null;
    for (let i = 0; i < 10_000 && refused === null; i++) refused = scrapeOverUdp(group, 0, HASHES).now;
    expect(decodeUdpAnswer(refused!)).toMatchObject({ action: 'error' });
    expect(group.trackers[0]!.counters.refusals.busy).toBe(1);
    group.settle();
    const { sent } = scrapeOverUdp(group, 0, HASHES);
    group.settle();
    expect(sent).toHaveLength(1);
  });
});

describe('an owner that is down, with a full ring', () => {
  it('concerns only scrapes of its own swarms', () => {
    const group = filled();
    const fill = `info_hash=${escaped(hashOf(2, COUNT))}&peer_id=${escaped(peerId(1))}&port=1`;
    while (group.trackers[0]!.counters.refusals.busy === 0) {
      group.connect(0).send(`GET /announce?${fill}&x=${'y'.repeat(3_000)} HTTP/1.1\r\n\r\n`);
    }
    while (group.trackers[0]!.counters.refusals.busy === 1)
      group.connect(0).send(`GET /announce?${fill} HTTP/1.1\r\n\r\n`);
    const { sent } = scrapeOverUdp(group, 0, [HASHES[2]!, HASHES[1]!]);
    const over = group.connect(0);
    over.send(`GET /scrape?info_hash=${escaped(HASHES[2]!)}&info_hash=${escaped(HASHES[1]!)} HTTP/1.1\r\n\r\n`);
    group.settle([0, 1]);
    expect(entries(decodeUdpAnswer(sent[0]!))).toEqual([entryOf(2), entryOf(1)]);
    expect(over.received.toString('latin1')).toContain('d5:files');
    const refused = scrapeOverUdp(group, 0, [HASHES[0]!, HASHES[1]!]).now;
    expect(decodeUdpAnswer(refused!)).toMatchObject({ action: 'error' });
    for (const query of [`?info_hash=${escaped(HASHES[0]!)}&info_hash=${escaped(HASHES[1]!)}`, '']) {
      const connection = group.connect(0);
      connection.send(`GET /scrape${query} HTTP/1.1\r\n\r\n`);
      expect(connection.received.toString('latin1')).toContain('the tracker is busy');
    }
  });
});

describe('an announce over UDP that the kernel did not steer to the owner', () => {
  it('is dropped: its client repeats it, and two workers never have the same swarm', () => {
    const group = new WorkerGroup(2);
    const tracker = group.trackers[0]!;
    const from = PUBLIC(1);
    expect(tracker.datagram(tracker.announceBytes(from, { infoHash: hashOf(1, 2) }), from)).toBeNull();
    expect(tracker.counters.droppedDatagrams).toBe(1);
    expect(tracker.store.stats.peers).toBe(0);
    expect(tracker.datagram(tracker.announceBytes(from, { infoHash: hashOf(0, 2) }), from)).not.toBeNull();
  });
});

describe('a scrape over HTTP of swarms of several workers', () => {
  it('has zeroes after a second for an owner that does not answer', () => {
    const group = filled();
    const connection = group.connect(1);
    const asked = [...HASHES, HASHES[0]!].map((hash) => `info_hash=${escaped(hash)}`).join('&');
    connection.send(`GET /scrape?${asked} HTTP/1.1\r\n\r\n`);
    group.settle([0, 1]);
    expect(connection.received).toHaveLength(0);
    group.nowMs += GATHER_TIMEOUT_MS;
    group.settle([0, 1]);
    const alone = new LabTracker();
    const { body } = alone.http(`GET /scrape?${asked} HTTP/1.1\r\n\r\n`)!;
    const answer = connection.received.toString('latin1');
    expect(answer).toContain(`\r\nContent-Length: ${body.length}\r\n`);
    const order = HASHES.map((hash) => answer.indexOf(Buffer.from(hash).toString('latin1')));
    const alike = HASHES.map((hash) => body.indexOf(hash));
    expect(order.map((at) => at - answer.indexOf('d5:files'))).toEqual(alike);
    const { files } = bencode.decode(bodyOf(answer)) as { files: Record<string, unknown> };
    expect(
      Object.values(files)
        .map((file) => (file as { complete: number }).complete)
        .sort(),
    ).toEqual([0, 2, 3, 4]);
  });
});

describe('a full scrape', () => {
  it('has the swarms of all workers, sorted', () => {
    const group = filled();
    const all = new LabTracker(OPTIONS);
    HASHES.forEach((hash, i) => {
      for (let n = 0; n <= 2 * i; n++) {
        all.get({ info_hash: escaped(hash), peer_id: escaped(peerId(n)), left: n > i ? '1' : '0' }, PUBLIC(n));
      }
    });
    const expected = all.http('GET /scrape HTTP/1.1\r\n\r\n')!.body;
    for (let worker = 0; worker < COUNT; worker++) {
      expect(bodyOf(group.ask(worker, 'GET /scrape HTTP/1.1\r\n\r\n')).equals(expected)).toBe(true);
    }
    expect(group.trackers.map(({ counters }) => counters.scrapes.http)).toEqual([1, 1, 1]);
  });

  it('of any number of swarms fits an answer', () => {
    const swarms = Array.from(
      { length: 2 * MAX_FULL_SCRAPE_SWARMS },
      (_, i): SwarmSummary => ({
        infoHash: i.toString(16).padStart(40, '0'),
        seeds: 0xffff_ffff,
        leechers: 0xffff_ffff,
        completed: 0xffff_ffff,
        completedInner: 0,
        upstreamPeers: 0,
        kept: false,
      }),
    );
    const tracker = new LabTracker(OPTIONS);
    // A page ends with a segment of the table, which has hundreds of swarms if there are a million.
    tracker.store.listSwarms = () => ({ swarms, cursor: 1 });
    const { body } = tracker.http('GET /scrape HTTP/1.1\r\n\r\n')!;
    expect(body.length).toBeLessThan(MAX_HTTP_RESPONSE_BYTES - 1_000);
    expect(Object.keys((bencode.decode(body) as { files: object }).files)).toHaveLength(MAX_FULL_SCRAPE_SWARMS);
    expect(swarmRecords(tracker.store, 7)).toHaveLength(7 * 32);
  });
});
