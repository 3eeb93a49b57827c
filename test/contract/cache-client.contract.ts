/** What the client of every cache does, whatever program it is: one suite, run against the real programs. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheClient, CacheState, HeldTorrent } from '../../src/caches/cache-client.js';
import { OperatorError } from '../../src/domain/errors.js';
import type { InfoHash } from '../../src/domain/info-hash.js';
import type { CacheDaemon, Credentials } from '../support/caches/cache-daemon.js';
import {
  FIXTURE_BYTES,
  type FixtureTorrent,
  makeFixtureTorrent,
  placeContent,
} from '../support/caches/fixture-torrent.js';
import { LibtorrentPeer } from '../support/caches/libtorrent-peer.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

export interface ClientUnderTest {
  readonly wrongCredentials: Credentials;
  /** What the message must say about them. */
  readonly refusal: string;
  /** False for a client that has to pause what it may not fetch. */
  readonly servesWithoutFetching: boolean;
  /** Whether it can be told where peers are. */
  readonly takesPeers: boolean;
  /** @param shell runs the program, as `exec "$@"` does */
  create(directory: string, shell?: string): Promise<CacheDaemon>;
}

const NEVER = new AbortController().signal;
/** qBittorrent may leave out the last block from its count. */
const MOST = 0.75;

export function cacheClientContract(name: string, subject: ClientUnderTest): void {
  describe(`the client ${name}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-cache-'));
    const peers: LibtorrentPeer[] = [];
    let daemon: CacheDaemon;
    let client: CacheClient;
    let count = 0;

    beforeAll(async () => {
      daemon = await subject.create(join(directory, 'daemon'));
      await daemon.start();
      client = daemon.client();
    });
    afterAll(async () => {
      await Promise.all(peers.map((each) => each.stop()));
      client?.close();
      await daemon?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const torrent = (): FixtureTorrent => makeFixtureTorrent(directory, `torrent-${++count}`);
    function peer(fixture: FixtureTorrent, folder: string, uploadLimit = 0, port = daemon.peerPort): LibtorrentPeer {
      mkdirSync(folder, { recursive: true });
      const made = new LibtorrentPeer(fixture.file, folder, { uploadLimit });
      peers.push(made);
      made.connect(port);
      return made;
    }
    function seed(fixture: FixtureTorrent, uploadLimit = 0): LibtorrentPeer {
      placeContent(join(directory, 'seed'), fixture);
      return peer(fixture, join(directory, 'seed'), uploadLimit);
    }
    const state = (): Promise<CacheState> => client.state(NEVER);
    const held = async (infoHash: InfoHash): Promise<HeldTorrent | undefined> =>
      (await state()).torrents.find((each) => each.infoHash === infoHash);
    async function until(
      infoHash: InfoHash,
      what: string,
      holds: (torrent: HeldTorrent) => boolean,
    ): Promise<HeldTorrent> {
      let last: HeldTorrent | undefined;
      await eventually(
        what,
        async () => {
          last = await held(infoHash);
          return last !== undefined && holds(last);
        },
        { found: () => JSON.stringify(last) },
      );
      return last!;
    }
    const isServing = ({ state: is, haveBytes }: HeldTorrent): boolean =>
      is === 'serving' && haveBytes === FIXTURE_BYTES;

    it('says what it is, where it accepts peers, and how much room it has', async () => {
      const { client: program, peerPort, freeBytes, torrents } = await state();
      expect(program).toMatch(new RegExp(`^${daemon.program} \\d+\\.\\d+`));
      expect(peerPort).toBe(daemon.peerPort);
      if (freeBytes !== undefined) expect(freeBytes).toBeGreaterThan(0);
      expect(torrents).toEqual([]);
    });

    // Those that wait for peers wait together: Transmission chokes and unchokes every 10 s.
    it.concurrent('fills from a seed, serves a leecher, counts both, and is removed with its data', async () => {
      const fixture = torrent();
      await client.add(fixture, NEVER);
      expect(await held(fixture.infoHash)).toMatchObject({ totalBytes: FIXTURE_BYTES, haveBytes: 0 });
      const source = seed(fixture);
      const full = await until(fixture.infoHash, 'the fill', isServing);
      expect(full.totalBytes).toBe(FIXTURE_BYTES);
      await until(fixture.infoHash, 'what it fetched', ({ downloadedBytes }) => downloadedBytes >= FIXTURE_BYTES / 2);
      await source.stop();
      const user = peer(fixture, join(directory, `user of ${fixture.name}`));
      await eventually('the download from the cache', () => user.status.isComplete);
      await until(fixture.infoHash, 'what it served', ({ uploadedBytes }) => uploadedBytes >= MOST * FIXTURE_BYTES);
      expect(existsSync(join(daemon.contentDirectory(fixture.infoHash), fixture.name, 'sub', 'second.bin'))).toBe(true);

      await client.remove(fixture.infoHash, NEVER);
      await eventually(
        'the files are deleted',
        () => !existsSync(join(daemon.contentDirectory(fixture.infoHash), fixture.name)),
      );
      expect(await held(fixture.infoHash)).toBeUndefined();
      expect(await daemon.holds(fixture.infoHash)).toBe(false);
      await client.remove(fixture.infoHash, NEVER);
    });

    it.concurrent('checks content that is on disk, and fetches nothing', async () => {
      const fixture = torrent();
      placeContent(daemon.contentDirectory(fixture.infoHash), fixture);
      await client.add(fixture, NEVER);
      const full = await until(fixture.infoHash, 'the check', isServing);
      expect(full.downloadedBytes).toBe(0);
      // Adding again changes nothing.
      await client.add(fixture, NEVER);
      await until(fixture.infoHash, 'the same again', isServing);
      await client.remove(fixture.infoHash, NEVER);
    });

    it.concurrent('stops filling, and goes on when it is added again', async () => {
      const fixture = torrent();
      await client.add(fixture, NEVER);
      seed(fixture, 400_000);
      await until(fixture.infoHash, 'a beginning', ({ state: is, haveBytes }) => is === 'filling' && haveBytes > 0);
      await client.stopFilling(fixture.infoHash, NEVER);
      const ends = subject.servesWithoutFetching ? 'serving' : 'paused';
      await until(fixture.infoHash, 'the end of the fill', ({ state: is }) => is === ends);
      if (subject.servesWithoutFetching) {
        // It still serves all that it has. Requests that were on their way may have been answered meanwhile.
        const user = peer(fixture, join(directory, `user of ${fixture.name}`));
        await eventually('the download of all that it has', async () => {
          const { haveBytes } = (await held(fixture.infoHash))!;
          return user.status.haveBytes >= haveBytes;
        });
        const before = (await held(fixture.infoHash))!.haveBytes;
        expect(before).toBeLessThan(FIXTURE_BYTES);
        await until(fixture.infoHash, 'what it served', ({ uploadedBytes }) => uploadedBytes >= MOST * before);
        expect((await held(fixture.infoHash))!.haveBytes).toBe(before);
      }
      await client.add(fixture, NEVER);
      await until(fixture.infoHash, 'the fill', isServing);
      // Complete: there is nothing to stop.
      await client.stopFilling(fixture.infoHash, NEVER);
      await until(fixture.infoHash, 'it still serves', isServing);
      await client.remove(fixture.infoHash, NEVER);
    });

    it.concurrent('closes the connections of a torrent, and serves on', async () => {
      const fixture = torrent();
      await client.add(fixture, NEVER);
      const source = seed(fixture);
      await until(fixture.infoHash, 'the fill', isServing);
      await client.disconnect(fixture.infoHash, NEVER);
      await until(fixture.infoHash, 'it serves again', isServing);
      await source.stop();
      const user = peer(fixture, join(directory, `user of ${fixture.name}`));
      await eventually('the download from the cache', () => user.status.isComplete);
      await client.remove(fixture.infoHash, NEVER);
      // One that is not there is not an error.
      await client.disconnect(fixture.infoHash, NEVER);
    });

    it.runIf(subject.takesPeers).concurrent('connects to the peers that it is told of', async () => {
      const fixture = torrent();
      placeContent(join(directory, 'seed'), fixture);
      const port = await freePort();
      const other = new LibtorrentPeer(fixture.file, join(directory, 'seed'), { port });
      peers.push(other);
      await eventually('the seed', () => other.status.isComplete);
      await client.add({ ...fixture, peers: [{ host: other.address, port }] }, NEVER);
      await until(fixture.infoHash, 'the fill', isServing);
      await client.remove(fixture.infoHash, NEVER);
    });

    it.concurrent('says that it cannot write, and goes on once it can', async () => {
      const fixture = torrent();
      placeContent(join(directory, 'seed'), fixture);
      // As with a full disk, a write fails: no file may be longer than 512,000 bytes (in blocks of 512, sh(1)).
      const other = await subject.create(join(directory, 'full'), 'trap "" XFSZ; ulimit -S -f 1000; exec "$@"');
      await other.start();
      const full = other.client();
      try {
        await full.add(fixture, NEVER);
        peer(fixture, join(directory, 'seed'), 0, other.peerPort);
        const only = async (): Promise<HeldTorrent> => (await full.state(NEVER)).torrents[0]!;
        let last: HeldTorrent | undefined;
        const untilIt = (what: string, holds: (held: HeldTorrent) => boolean): Promise<void> =>
          eventually(
            what,
            async () => {
              last = await only();
              return holds(last);
            },
            { found: () => JSON.stringify(last) },
          );
        await untilIt('the failure', ({ state: is }) => is === 'failed');
        expect(last!.error!.length).toBeGreaterThan(10);
        other.liftLimit();
        await full.add(fixture, NEVER);
        await untilIt('the fill', isServing);
      } finally {
        full.close();
        await other.stop();
      }
    });

    it.concurrent('neither shows, changes nor removes what others added', async () => {
      const fixture = torrent();
      placeContent(daemon.contentDirectory(fixture.infoHash), fixture);
      await daemon.addByHand(fixture.metainfo, fixture.infoHash);
      await eventually('it is there', () => daemon.holds(fixture.infoHash));
      expect(await held(fixture.infoHash)).toBeUndefined();
      const problem = `holds ${fixture.infoHash} already, and somebody else added it`;
      await expect(client.add(fixture, NEVER)).rejects.toThrow(problem);
      await client.stopFilling(fixture.infoHash, NEVER);
      await expect(client.remove(fixture.infoHash, NEVER)).rejects.toThrow(problem);
      expect(await daemon.holds(fixture.infoHash)).toBe(true);
      expect(existsSync(join(daemon.contentDirectory(fixture.infoHash), fixture.name, 'first.bin'))).toBe(true);
      await daemon.removeByHand(fixture.infoHash);
    });

    it.concurrent('knows that a torrent was removed by hand', async () => {
      const fixture = torrent();
      await client.add(fixture, NEVER);
      await daemon.removeByHand(fixture.infoHash);
      await eventually('it is gone', async () => (await held(fixture.infoHash)) === undefined);
      await client.stopFilling(fixture.infoHash, NEVER);
      await client.remove(fixture.infoHash, NEVER);
    });

    it('resumes after a restart of the program', async () => {
      const [part, whole] = [torrent(), torrent()];
      placeContent(daemon.contentDirectory(whole.infoHash), whole);
      await client.add(whole, NEVER);
      await until(whole.infoHash, 'the check', isServing);
      placeContent(daemon.contentDirectory(part.infoHash), part, 'first.bin');
      await client.add(part, NEVER);
      const before = await until(part.infoHash, 'a beginning', ({ haveBytes }) => haveBytes > 500_000);
      await daemon.stop();
      await expect(client.state(NEVER)).rejects.toThrow(OperatorError);
      await daemon.start();
      const after = await until(part.infoHash, 'what it had', ({ haveBytes }) => haveBytes >= before.haveBytes);
      expect(after.haveBytes).toBeLessThan(FIXTURE_BYTES);
      await until(whole.infoHash, 'the other torrent', isServing);
      seed(part);
      await until(part.infoHash, 'the rest', isServing);
      await Promise.all([part, whole].map(({ infoHash }) => client.remove(infoHash, NEVER)));
    });

    it('limits what the whole client fetches', async () => {
      await client.limitDownload(2_048_000, NEVER);
      expect(await daemon.downloadLimit()).toBe(2_048_000);
      await client.limitDownload(1, NEVER);
      const lowest = await daemon.downloadLimit();
      expect([lowest >= 1, lowest <= 1_024]).toEqual([true, true]);
      await client.limitDownload(undefined, NEVER);
      expect(await daemon.downloadLimit()).toBe(0);
    });

    it('refuses wrong credentials in a way that says what to write', async () => {
      const other = daemon.client(subject.wrongCredentials);
      const error = await other.state(NEVER).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      other.close();
      expect(error).toBeInstanceOf(OperatorError);
      expect(error).toMatchObject({ code: 'refused-elsewhere' });
      expect((error as Error).message).toContain(`cache pop-north: ${daemon.program} at http://127.0.0.1:`);
      expect((error as Error).message).toContain(subject.refusal);
    });

    it('refuses a torrent that is not one, and says so', async () => {
      const { infoHash } = torrent();
      const broken = { infoHash, metainfo: new Uint8Array(Buffer.from('d4:infoi1ee')), peers: [] };
      await expect(client.add(broken, NEVER)).rejects.toThrow(OperatorError);
    });

    it('ends a call when its caller ends it', async () => {
      const abort = new AbortController();
      abort.abort(new Error('enough'));
      await expect(client.state(abort.signal)).rejects.toThrow('enough');
    });
  });
}
