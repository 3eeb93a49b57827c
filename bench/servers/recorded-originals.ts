/**
 * Servers of the npm package bittorrent-tracker that record how often they are asked for each torrent. Prints `ready`, and for
 * each line that it reads one line of JSON: what the exchange (`-AT0100-`) has asked since the start.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as bittorrentTracker from 'bittorrent-tracker';

const EXCHANGE = Buffer.from('-AT0100-').toString('hex');

interface Announced {
  readonly event: string;
  readonly peer_id: string;
}
const Server = bittorrentTracker.Server as unknown as new (
  options: object,
) => {
  on(event: string, listener: (...values: never[]) => void): void;
  listen(port: { http: number; udp: number }, host: object): void;
};

const { ports, intervalSeconds } = JSON.parse(process.argv[2]!) as { ports: number[]; intervalSeconds: number };
const lastMs = new Map<string, number>();
let asked = 0;
let again = 0;
let leastGapMs = Number.POSITIVE_INFINITY;

for (const port of ports) {
  const server = new Server({
    ws: false,
    stats: false,
    interval: intervalSeconds * 1_000,
    filter: (infoHash: string, { event, peer_id }: Announced, done: (error: Error | null) => void) => {
      if (event === 'started' && peer_id.startsWith(EXCHANGE)) note(`${port} ${infoHash}`);
      done(null);
    },
  });
  server.on('warning', () => {});
  server.listen({ http: port, udp: port }, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' });
  await once(server as never, 'listening');
}

function note(pair: string): void {
  asked++;
  const nowMs = performance.now();
  const before = lastMs.get(pair);
  if (before !== undefined) {
    again++;
    leastGapMs = Math.min(leastGapMs, nowMs - before);
  }
  lastMs.set(pair, nowMs);
}

console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ asked, again, leastGapSeconds: Number.isFinite(leastGapMs) ? leastGapMs / 1_000 : 0 }));
}
