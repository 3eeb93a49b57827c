/** Who is given which addresses on the Internet (`lab: false`): those of private networks stay inside. */
import { connect } from 'node:net';
import bencode from 'bencode';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningApp, startLabApp } from '../support/lab-app.js';
import { compactPeers } from '../unit/tracker/lab-tracker.js';

const TOKEN = 'partner-secret-token';
const CONFIG = `
operator:
  name: Example Telecom
  networks:
    - { asn: 64500, prefixes: [185.0.0.0/16, 172.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 192.168.0.0/16, "2a00:100::/32", "fd00::/8"] }
tracker: { listen: ["http://127.0.0.1:0"], trustedProxies: [127.0.0.1/32], denyList: { addresses: [193.9.0.0/16] }, limits: { minPeerPort: 1024 } }
control: { listen: "http://127.0.0.1:0" }
upstream: { exchange: false, originalTrackers: [ { name: partner, token: ${TOKEN} } ] }
logging: { level: silent }
`;

let running: RunningApp;
afterEach(() => running.stop());

/** As a proxy does for a client. @returns the addresses of the answer's peers */
async function announce(from: string, hash: string, left = 1): Promise<string[]> {
  const { host, port } = running.endpoint('tracker', 'http');
  const id = Buffer.from(from.padEnd(20, '-')).toString('latin1');
  const socket = connect({ host, port });
  socket.write(
    `GET /announce?info_hash=${hash.replace(/../g, '%$&')}&peer_id=${id}&port=6881&left=${left} HTTP/1.0\r\nX-Forwarded-For: ${from}\r\n\r\n`,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n');
  const answer = bencode.decode(Buffer.from(body, 'latin1')) as { peers?: Uint8Array; peers6?: Uint8Array };
  const peers = [
    ...compactPeers(answer.peers ?? new Uint8Array(0), 6),
    ...compactPeers(answer.peers6 ?? new Uint8Array(0), 18),
  ];
  return peers.map((peer) => peer.replace(/:\d+$/, ''));
}

describe('on the Internet', () => {
  it.each([
    ['100.64.0.5', '185.0.0.9', '8.8.8.8'],
    ['10.1.0.5', '185.0.0.9', '8.8.8.8'],
    ['192.168.1.5', '185.0.0.9', '8.8.8.8'],
    ['fd00::5', '2a00:100::9', '2600::9'],
  ])('%s, named in operator.networks, is given to %s inside and not to %s', async (peer, inside, outside) => {
    running = await startLabApp(CONFIG);
    const hash = 'ab'.repeat(20);
    await announce(peer, hash, 0);
    expect(await announce(inside, hash)).toHaveLength(1);
    expect((await announce(outside, hash)).filter((address) => address !== inside)).toEqual(
      inside.includes(':') ? ['2a00:0100:0000:0000:0000:0000:0000:0009'] : [],
    );
  });

  it('172.16.0.5 is given to nobody, though 172.0.0.0/8 contains it', async () => {
    running = await startLabApp(CONFIG);
    const hash = 'cd'.repeat(20);
    await announce('172.16.0.5', hash, 0);
    expect(await announce('185.0.0.9', hash)).toEqual([]);
    await announce('172.1.0.5', hash, 0);
    expect(await announce('185.0.0.10', hash)).toContain('172.1.0.5');
  });

  it('of pushed peers only foreign, public, permitted ones are taken', async () => {
    running = await startLabApp(CONFIG);
    const pushed = [
      ['8.8.4.4', 6_881],
      ['127.0.0.1', 6_881],
      ['169.254.169.254', 80],
      ['255.255.255.255', 6_881],
      ['185.0.0.5', 6_881],
      ['10.0.0.5', 6_881],
      ['193.9.0.1', 6_881],
      ['9.9.9.9', 53],
    ].map(([address, port]) => ({ address, port, seed: true }));
    const hash = 'ef'.repeat(20);
    const answer = await running.call('POST', '/api/v1/upstream/peers', {
      token: TOKEN,
      body: { infoHash: hash, ttlSeconds: 600, peers: pushed },
    });
    const { accepted, refused } = answer.json as { accepted: number; refused: { reason: string; peers: number }[] };
    expect(accepted).toBe(1);
    expect(Object.fromEntries(refused.map(({ reason, peers }) => [reason, peers]))).toMatchObject({
      'own-network': 2,
      'denied-address': 1,
      'low-port': 1,
    });
    expect(refused.reduce((sum, { peers }) => sum + peers, 0)).toBe(7);
    expect(await announce('185.0.0.9', hash)).toEqual(['8.8.4.4']);
  });
});
