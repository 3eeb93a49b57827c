/** Foreign peers from the original tracker, asked past the redirected DNS (draft section 4.2). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.js';
import { type Lab, startLab } from '../../src/lab/start-lab.js';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

let lab: Lab;
let running: RunningApp;

beforeEach(async () => {
  // The lab has addresses of its own in 127.5.0.0/16, so that it does not meet a lab that somebody runs on this machine.
  const services = parseConfig(
    `${LAB_CONFIG}\nlabServices:\n  originalSite: { listen: ["127.5.0.80:0"] }\n  originalTracker: { listen: "127.5.0.69:6969" }\n  resolver: "127.5.0.53:0"\n  seed: "127.5.0.20:0"\n`,
    { file: 'lab.yaml', baseDirectory: '.' },
  ).labServices!;
  lab = await startLab(services);
  const resolver = `${lab.resolver.endpoint.host}:${lab.resolver.endpoint.port}`;
  const site = `${lab.site.endpoints[0]!.host}:${lab.site.endpoints[0]!.port}`;
  const port = await freePort();
  const config = LAB_CONFIG.replace(
    'tracker: {',
    `tracker: { announceUrls: ["udp://127.0.0.1:${port}/announce"],`,
  ).replace('udp://127.0.0.1:0', `udp://127.0.0.1:${port}`);
  running = await startLabApp(`${config}
mirrorSite: { listen: "http://127.0.0.1:0" }
crawler: { top: 10, delayPerSite: 0ms, sources: [{ name: lab, type: feed, url: "http://${site}/feed.xml" }] }
upstream: { resolvers: ["${resolver}"], every: 1s }
dnsRedirect:
  listen: ["127.0.0.1:0"]
  upstreamResolvers: ["${resolver}"]
  mirrorAddresses: [127.0.0.1]
  trackerAddresses: [127.0.0.1]
  healthChecks: false
  sites: [www.original.lab]
  trackers: [tracker.original.lab]
`);
});
afterEach(async () => {
  await running?.stop();
  await lab?.stop();
});

async function crawled(): Promise<string> {
  await eventually('the crawl', async () => {
    const { json } = await running.call('GET', '/api/v1/torrents');
    return ((json as { total: number }).total ?? 0) > 0;
  });
  const { json } = await running.call('GET', '/api/v1/torrents');
  const known = (json as { torrents: { infoHash: string }[] }).torrents.map((torrent) => torrent.infoHash);
  // The one that the far seed really has.
  const alice = lab.torrents.find((torrent) => torrent.name === 'alice')!.infoHash!;
  expect(known).toContain(alice);
  return alice;
}

describe('an inner client of a torrent with no inner seed', () => {
  it('gets foreign peers that came from the original tracker, and the counts stay those of inner peers', async () => {
    const infoHash = await crawled();
    const client = '127.1.0.50';
    await running.announce(client, { infoHash });
    let seen: string[] = [];
    await eventually('a foreign peer in the answer', async () => {
      const answer = await running.announce(client, { infoHash, event: 'none' });
      seen = answer.peers.map((peer) => `${peer.host}:${peer.port}`);
      expect(answer.seeders + answer.leechers).toBe(1);
      return seen.length > 0;
    });
    expect(seen).toContain(`${lab.seed.endpoint.host}:${lab.seed.endpoint.port}`);
    const explained = await running.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=${client}`);
    const { imported } = explained.json as { imported: { origin: string }[] };
    expect(imported.map(({ origin }) => origin)).toEqual([`udp://tracker.original.lab:${lab.tracker.endpoint.port}`]);
  });

  it('is given no address of the own network on the word of the original tracker', async () => {
    const infoHash = await crawled();
    // A client that is in both swarms, or an invention: to the original tracker it is a peer like others.
    await announceOverUdp({
      tracker: lab.tracker.endpoint,
      localAddress: '127.1.0.77',
      infoHash,
      peerId: '-XX0001-own-network1',
      port: 6_881,
      event: 'started',
      leftBytes: 0,
    });
    let seen: string[] = [];
    await eventually('a foreign peer in the answer', async () => {
      const answer = await running.announce('127.1.0.50', { infoHash, event: 'none' });
      seen = answer.peers.map((peer) => peer.host);
      expect(answer.seeders + answer.leechers).toBe(1);
      return seen.includes(lab.seed.endpoint.host);
    });
    expect(seen).not.toContain('127.1.0.77');
  });
});
