/** The source `announces` counts what the operator's own users announce, and nothing of other networks. */
import { expect, it } from 'vitest';
import { readTorrent } from '../../src/crawler/torrent-facts.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, startLabApp } from '../support/lab-app.js';
import { startOriginalSite } from '../support/original-site.js';
import { torrentWith } from '../support/torrents.js';

const torrent = torrentWith({ announce: 'http://127.0.0.1:1/announce' }, { name: 'wanted' });
const { infoHash } = readTorrent(torrent);

it('inner peers that announce a torrent are demand, peers of other networks are not', async () => {
  const site = await startOriginalSite();
  site.routes.set('/wanted.torrent', torrent);
  const lab =
    await startLabApp(`${LAB_CONFIG.replace('tracker: {', 'tracker: { announceUrls: ["udp://alias.example.net:6969/announce"],')}
crawler:
  every: 1s
  delayPerSite: 0ms
  metadata: false
  sources: [{ name: own, type: announces }, { name: ours, type: pinned, torrents: ["${site.url}/wanted.torrent"] }]
upstream: { exchange: false }
`);
  try {
    for (let n = 1; n <= 5; n++) await lab.announce(`127.4.9.${n}`, { infoHash });
    for (let n = 1; n <= 2; n++) await lab.announce(`127.1.0.${n}`, { infoHash });
    let explanation: readonly string[] = [];
    await eventually('the demand of inner peers', async () => {
      const { json } = await lab.call('GET', `/api/v1/catalogue/torrents/${infoHash}`);
      explanation = (json as { explanation?: string[] }).explanation ?? [];
      return explanation.some((line) => line.includes('requests came from inside'));
    });
    expect(explanation).toContainEqual(expect.stringMatching(/^2 requests came from inside/));
  } finally {
    await lab.stop();
    await site.stop();
  }
});
