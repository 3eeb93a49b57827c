/** Bytes by torrent: what the table keeps when there are more torrents than slots, and what the control plane reads. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import {
  createTorrentTrafficMemory,
  TORRENT_SLOTS,
  TorrentTraffic,
  takeTorrentTraffic,
} from '../../../src/tracker/torrent-traffic.js';

const random = createRandom(7);

function infoHash(): Buffer {
  return Buffer.from(Array.from({ length: 20 }, () => random.below(256)));
}

describe('bytes by torrent', () => {
  it('add up, are read once, and are known by the info-hash', () => {
    const memory = createTorrentTrafficMemory();
    const traffic = new TorrentTraffic(memory);
    const packet = Buffer.concat([Buffer.alloc(16), infoHash()]);
    const other = infoHash();
    traffic.note(packet, 16, 100, 10);
    traffic.note(other, 0, 7, 0);
    traffic.note(packet, 16, 50, 50);
    const name = packet.subarray(16).toString('hex');
    expect(takeTorrentTraffic(memory)).toHaveLength(2);
    expect(takeTorrentTraffic(memory)).toEqual([]);
    traffic.note(packet, 16, 30, 15);
    expect(takeTorrentTraffic(memory)).toEqual([{ infoHash: name, downloaded: 30, foreignByShare: 15 }]);
  });

  it('of torrents with much traffic stay exact among many with little', () => {
    const memory = createTorrentTrafficMemory();
    const traffic = new TorrentTraffic(memory);
    const heavy = Array.from({ length: 200 }, infoHash);
    const sums = new Map<string, number>();
    for (let minute = 0; minute < 3; minute++) {
      for (let round = 0; round < 10; round++) {
        for (const each of heavy) traffic.note(each, 0, 1_000_000, 250_000);
        for (let i = 0; i < TORRENT_SLOTS; i++) traffic.note(infoHash(), 0, 1_000, 1_000);
      }
      for (const { infoHash: name, downloaded, foreignByShare } of takeTorrentTraffic(memory)) {
        sums.set(name, (sums.get(name) ?? 0) + downloaded);
        if (downloaded > 1_000) expect(foreignByShare).toBe(downloaded / 4);
      }
    }
    expect(heavy.map((each) => sums.get(each.toString('hex')))).toEqual(heavy.map(() => 30_000_000));
  });

  it('that were read make room for a torrent that is new', () => {
    const memory = createTorrentTrafficMemory();
    const traffic = new TorrentTraffic(memory);
    for (let i = 0; i < 20 * TORRENT_SLOTS; i++) traffic.note(infoHash(), 0, 1_000_000, 0);
    expect(takeTorrentTraffic(memory)).toHaveLength(TORRENT_SLOTS);
    // All in one set, which had as many torrents with far more bytes.
    const fresh = Array.from({ length: 8 }, (_, i) => Buffer.concat([Buffer.alloc(4), Buffer.alloc(16, i)]));
    for (const each of fresh) traffic.note(each, 0, 10, 1);
    const names = takeTorrentTraffic(memory).map(({ infoHash: name }) => name);
    expect(names.sort()).toEqual(fresh.map((each) => each.toString('hex')));
  });

  it('stay over a restart of the worker, which may have ended within a replacement', () => {
    const memory = createTorrentTrafficMemory();
    const traffic = new TorrentTraffic(memory);
    const [one, two] = [infoHash(), infoHash()];
    traffic.note(one, 0, 100, 10);
    traffic.note(two, 0, 100, 10);
    const generations = new Int32Array(memory, TORRENT_SLOTS * (4 * 8 + 4), TORRENT_SLOTS);
    const ofTwo = (two.readUInt32BE() & (TORRENT_SLOTS / 8 - 1)) * 8;
    generations[ofTwo]!++;
    expect(takeTorrentTraffic(memory).map(({ infoHash: name }) => name)).toEqual([one.toString('hex')]);
    const restarted = new TorrentTraffic(memory);
    restarted.note(one, 0, 5, 5);
    restarted.note(two, 0, 3, 3);
    const taken = new Map(takeTorrentTraffic(memory).map(({ infoHash: name, downloaded }) => [name, downloaded]));
    expect(Object.fromEntries(taken)).toEqual({ [one.toString('hex')]: 5, [two.toString('hex')]: 3 });
  });
});
