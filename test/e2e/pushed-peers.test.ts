/** Peers that an original tracker pushes: foreign ones are handed out, addresses of the operator's own network are not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const TOKEN = 'partner-secret-token';
const HASH = 'ab'.repeat(20);
const UPSTREAM = `upstream: { originalTrackers: [ { name: partner, token: ${TOKEN} } ] }`;

let running: RunningApp;
let directory: string | undefined;
afterEach(async () => {
  await running.stop();
  if (directory !== undefined) rmSync(directory, { recursive: true });
  directory = undefined;
});

const push = (addresses: string[]) =>
  running.call('POST', '/api/v1/upstream/peers', {
    token: TOKEN,
    body: {
      infoHash: HASH,
      ttlSeconds: 600,
      peers: addresses.map((address) => ({ address, port: 6_881, seed: true })),
    },
  });

describe('peers that an original tracker pushes', () => {
  it('are handed out, but for those of the own network and those that nobody can have', async () => {
    running = await startLabApp(`${LAB_CONFIG}\n${UPSTREAM}`);
    expect(await push(['127.1.0.77', '127.30.0.8', '255.255.255.255', '224.0.0.1', '::ffff:127.2.0.1'])).toEqual({
      status: 202,
      json: {
        accepted: 1,
        refused: [
          { reason: 'own-network', peers: 2 },
          { reason: 'reserved-address', peers: 2 },
        ],
      },
    });
    const answer = await running.announce('127.1.0.9', { infoHash: HASH });
    expect(answer.peers.map(({ host }) => host)).toEqual(['127.30.0.8']);
  });

  it.each(['catalogue', 'a list'])('make no swarm of a torrent that the tracker does not serve: %s', async (served) => {
    directory = mkdtempSync(join(tmpdir(), 'alias-tracker-push-'));
    const list = join(directory, 'allowed.txt');
    writeFileSync(list, `${'cd'.repeat(20)}\n`);
    const torrents = served === 'catalogue' ? served : list;
    running = await startLabApp(
      `${LAB_CONFIG.replace('tracker: {', `tracker: { torrents: "${torrents}",`)}\n${UPSTREAM}`,
    );
    expect(await push(['127.30.0.8'])).toMatchObject({
      status: 422,
      json: { detail: 'this tracker does not serve this torrent (tracker.torrents): no peers were imported' },
    });
    expect((await running.call('GET', `/api/v1/swarms/${HASH}`)).status).toBe(404);
  });
});
