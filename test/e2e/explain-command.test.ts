/** `alias-tracker explain` against a running tracker: what it tells is the answer that the client then gets. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerExplainCommand } from '../../src/cli/commands/explain.js';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { runCommand } from '../support/command-line.js';
import { CONTROL_TOKEN, LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const infoHash = '4d'.repeat(20);
const HOME = '127.1.0.10';

let running: RunningApp;
beforeEach(async () => {
  running = await startLabApp();
  await running.announce(HOME, { infoHash, port: 6881, peerId: '-E2E000-first0000000' });
  await running.announce(HOME, { infoHash, port: 6882, peerId: '-E2E000-second000000', leftBytes: 0 });
  for (let n = 1; n <= 3; n++) await running.announce(`127.1.0.${20 + n}`, { infoHash });
  await running.announce('127.1.0.30', { infoHash, leftBytes: 0 });
});
afterEach(() => running.stop());

async function explain(...args: string[]) {
  const { host, port } = running.endpoint('control');
  const connection = ['--url', `http://${host}:${port}`, '--token', CONTROL_TOKEN];
  const { stdout, stderr, thrown } = await runCommand(registerExplainCommand, [
    'explain',
    ...['--info-hash', infoHash, '--ip', HOME],
    ...connection,
    ...args,
  ]);
  if (thrown !== undefined) throw thrown;
  return { text: stdout.toString(), stderr };
}

interface Document {
  readonly requester: { readonly port: number | null; readonly seed: boolean; readonly peersAtAddress: number };
  readonly peers: readonly { readonly address: string; readonly port: number }[];
}

async function explained(...args: string[]): Promise<Document> {
  return JSON.parse((await explain('--json', ...args)).text) as Document;
}

const endpoints = ({ peers }: Document): string[] => peers.map(({ address, port }) => `${address}:${port}`).sort();

describe('of two clients behind one address', () => {
  it('--port explains the one that is meant, as what it is in the swarm', async () => {
    for (const [port, leftBytes] of [
      [6881, 1_000],
      [6882, 0],
    ] as const) {
      const document = await explained('--port', String(port));
      expect(document.requester).toMatchObject({ port, seed: leftBytes === 0, peersAtAddress: 2 });
      const peerId = port === 6881 ? '-E2E000-first0000000' : '-E2E000-second000000';
      const answer = await running.announce(HOME, { infoHash, port, peerId, leftBytes, event: 'none' });
      expect(endpoints(document)).toEqual(answer.peers.map((peer) => `${peer.host}:${peer.port}`).sort());
    }
  });

  it('without --port says which one it took, and that there are more', async () => {
    const { text, stderr } = await explain();
    expect(stderr).toMatch(
      /^alias-tracker: 2 clients of this torrent have this address; .* port 688[12], choose with --port\n$/,
    );
    expect(text).toMatch(/^requester port +688[12]$/m);
    expect((await explain('--port', '6881')).stderr).toBe('');
  });
});

it('never promises more than tracker.numWantMax', async () => {
  await running.stop();
  running = await startLabApp(LAB_CONFIG.replace('tracker: {', 'tracker: { numWantDefault: 2, numWantMax: 2,'));
  for (let n = 1; n <= 4; n++) await running.announce(`127.1.0.${20 + n}`, { infoHash });
  expect((await explained('--numwant', '50')).peers).toHaveLength(2);
  expect((await explained('--numwant', '1')).peers).toHaveLength(1);
  await expect(explain('--numwant', '100000')).rejects.toThrow('--numwant is a whole number');
});

describe('the original trackers of the torrent', () => {
  it('are shown, with when each is asked', async () => {
    const catalogue = openDatabase(databaseFile(running.config));
    const url = 'udp://original.example:6969/announce';
    createCatalogue(catalogue).store(torrentToStore(1, { trackerTiers: [[url]] }), Date.now());
    catalogue.close();
    await running.announce(HOME, { infoHash: hashOf(1) });
    const { text } = await explain('--info-hash', hashOf(1));
    expect(text).toMatch(/^originals: 1$/m);
    const { originals } = JSON.parse((await explain('--json', '--info-hash', hashOf(1))).text) as {
      originals: unknown;
    };
    expect(originals).toMatchObject([{ tracker: url, state: 'closed', retryAt: null, dueAt: { ipv4: null } }]);
  });

  it('are left out if the exchange is switched off', async () => {
    await running.stop();
    running = await startLabApp(`${LAB_CONFIG}\nupstream: { exchange: false }`);
    await running.announce(HOME, { infoHash });
    expect(await explained()).not.toHaveProperty('originals');
  });
});
