/** A running application with something on every page of the dashboard, some of it written by strangers. */
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from './catalogue-entries.js';
import { freePort } from './free-port.js';
import { LAB_CONFIG, PROBE_NORTH, type RunningApp, startLabApp } from './lab-app.js';

export const VIEWER_TOKEN = 'lab-token-viewer';
/** Names that would be markup, attributes, formulas or another direction. */
export const HOSTILE_NAMES = [
  '<img src=x onerror="document.documentElement.id=\'ran\'">',
  '"><script>document.documentElement.id="ran"</script>',
  '\' onmouseover=\'document.documentElement.id="ran"',
  '=HYPERLINK("http://evil.example")',
  '\u202Egpj.exe </td></tr></table>',
  '&lt;b&gt; &amp;amp; data-cell="open alarms"',
];
export const FIRST = hashOf(1);

/** @param torrents in the catalogue; those with peers are the first three */
export async function startDashboardApp(torrents = 60): Promise<RunningApp> {
  const mirrorPort = await freePort();
  const running = await startLabApp(`${LAB_CONFIG.replace('control: {', `control: { viewerToken: ${VIEWER_TOKEN},`)}
mirrorSite: { listen: "http://127.0.0.1:${mirrorPort}" }
caches:
  - name: north
    address: 127.1.0.250
    client: transmission
    url: "http://127.0.0.1:${await freePort()}/transmission/rpc"
    quota: 1GB
    allow: { names: ["Torrent *"] }
dnsRedirect:
  listen: [127.0.0.1:0]
  upstreamResolvers: [127.0.0.9]
  clients: [127.0.0.0/8]
  mirrorAddresses: [127.0.0.1]
  trackerAddresses: [127.0.0.1]
  sites: [{ name: www.original.lab, port: ${mirrorPort} }]
  trackers: [tracker.original.lab]
  rpz: { listen: [127.0.0.1:0], secondaries: [{ address: 127.0.0.9 }] }
`);
  const beside = openDatabase(databaseFile(running.config));
  const catalogue = createCatalogue(beside);
  for (let n = 1; n <= torrents; n++) {
    const name = HOSTILE_NAMES[n - 10];
    catalogue.store(torrentToStore(n, name === undefined ? {} : { name }), Date.now());
  }
  beside.close();
  await announceAgain(running);
  return running;
}

/** Peers expire soon in a lab. */
export async function announceAgain(running: RunningApp): Promise<void> {
  // The first has a seed inside, the second has none, and the third is one of strangers.
  await running.announce('127.1.0.1', { infoHash: FIRST, leftBytes: 0 });
  await running.announce('127.1.0.2', { infoHash: FIRST });
  await running.announce('127.1.200.3', { infoHash: hashOf(2) });
  await running.announce('127.1.0.4', { infoHash: hashOf(10) });
}

let sequence = 0;

/** A report of the probe `dp-north`, on the minute that ends now. */
export async function report(running: RunningApp, bytes: number): Promise<number> {
  sequence++;
  const periodStart = new Date(Date.now() - 60_000).toISOString();
  const subdomains = [{ id: 'north', bytes, users: 100 }];
  const body = { probe: 'dp-north', sequence, periodStart, periodSeconds: 60, subdomains };
  return (await running.call('POST', '/api/v1/density', { token: PROBE_NORTH, body })).status;
}
