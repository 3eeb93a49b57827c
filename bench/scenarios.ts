/** What is measured: workloads, and which servers compete in each. */
import type { LoadProfile } from './load/load-command.js';
import type { ServerKind } from './servers/start-server.js';
import type { WorkloadShape } from './workload.js';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly protocol: 'udp' | 'http';
  readonly host: string;
  readonly shape: WorkloadShape;
  /** Every server runs a second time, with these peers: what that costs it is the result. */
  readonly comparedShape?: { readonly label: string; readonly shape: WorkloadShape };
  readonly profile: LoadProfile;
  readonly servers: readonly ServerKind[];
  /** Too long for every day: it runs where `--only` names it. */
  readonly onlyWhenNamed?: boolean;
  /** One round of this length instead of what the command line says. */
  readonly oneRoundSeconds?: number;
  /** Ours writes a snapshot this often. */
  readonly snapshotEverySeconds?: number;
}

const IPV4 = '127.0.0.1';
const IPV6 = '::1';
/** Six of ten are the operator's own users. */
const SOURCES = 10_000;

const LARGE: WorkloadShape = { torrents: 1_000_000, peers: 2_000_000, sources: SOURCES };
const SMALL: WorkloadShape = { torrents: 10_000, peers: 100_000, sources: SOURCES };
const ONE_SWARM: WorkloadShape = { torrents: 1, peers: 1_000_000, sources: SOURCES };
const SWARMS_OF_100: WorkloadShape = { torrents: 10_000, peers: 1_000_000, sources: SOURCES, even: true };

const HUGE: WorkloadShape = { torrents: 1_000_000, peers: 10_000_000, sources: SOURCES };

const ANNOUNCE: LoadProfile = { numWant: 50, scrapePercent: 0, keepAlive: false };

export const SCENARIOS: readonly Scenario[] = [
  udp('udp-1m', 'UDP, 1 M torrents, 2 M peers, numwant 50', LARGE, ANNOUNCE, [
    'alias-tracker',
    'unranked',
    'opentracker',
    'echo',
  ]),
  udp('udp-10k', 'UDP, 10 k torrents, 100 k peers, numwant 50', SMALL, ANNOUNCE, [
    'alias-tracker',
    'unranked',
    'opentracker',
    'bittorrent-tracker',
    'echo',
  ]),
  udp('udp-numwant-200', 'UDP, 10 k torrents, 100 k peers, numwant 200', SMALL, { ...ANNOUNCE, numWant: 200 }, [
    'alias-tracker',
    'opentracker',
    'echo',
  ]),
  udp('udp-scrapes', 'UDP, 1 M torrents, 2 M peers, 10 % scrapes', LARGE, { ...ANNOUNCE, scrapePercent: 10 }, [
    'alias-tracker',
    'opentracker',
  ]),
  {
    ...udp('udp-one-swarm', 'UDP, one swarm of 1 M peers against 10 k swarms of 100', ONE_SWARM, ANNOUNCE, [
      'alias-tracker',
      'opentracker',
    ]),
    comparedShape: { label: 'swarms of 100', shape: SWARMS_OF_100 },
  },
  {
    ...udp(
      'udp-chosen-hashes',
      'UDP, 10 k torrents, 100 k peers, random info-hashes against chosen ones',
      SMALL,
      ANNOUNCE,
      ['alias-tracker', 'opentracker'],
    ),
    comparedShape: { label: 'info-hashes that share their first 12 bytes', shape: { ...SMALL, equalPrefix: true } },
  },
  {
    ...udp('udp-ipv6', 'UDP over IPv6, 10 k torrents, 100 k peers', SMALL, ANNOUNCE, ['alias-tracker', 'echo']),
    host: IPV6,
  },
  {
    ...udp('udp-stalls', 'A minute of UDP with snapshots, 1 M torrents, 2 M peers', LARGE, ANNOUNCE, [
      'alias-tracker',
      'echo',
    ]),
    oneRoundSeconds: 60,
    snapshotEverySeconds: 20,
    onlyWhenNamed: true,
  },
  {
    ...udp('memory-10m', 'Memory at 1 M torrents, 10 M peers', HUGE, ANNOUNCE, ['alias-tracker', 'opentracker']),
    oneRoundSeconds: 3,
    onlyWhenNamed: true,
  },
  http('http-close', 'HTTP, one connection per announce, 10 k torrents, 100 k peers', false, [
    'alias-tracker',
    'opentracker',
    'echo',
    'bittorrent-tracker',
    'node:http',
  ]),
  http('http-keep-alive', 'HTTP, kept-alive connections, 10 k torrents, 100 k peers', true, [
    'alias-tracker',
    'echo',
    'bittorrent-tracker',
    'node:http',
  ]),
];

/** One worker against several, each of which has as many unanswered requests. */
export const WORKER_SCENARIOS: readonly Scenario[] = [
  udp('udp-1m', 'UDP, 1 M torrents, 2 M peers', LARGE, ANNOUNCE, ['alias-tracker', '2-workers', '4-workers']),
  udp('udp-10k', 'UDP, 10 k torrents, 100 k peers', SMALL, ANNOUNCE, [
    'alias-tracker',
    '2-workers',
    '4-workers',
    'opentracker',
    'opentracker-2-workers',
  ]),
  http('http-close', 'HTTP, one connection per announce, 10 k torrents, 100 k peers', false, [
    'alias-tracker',
    '2-workers',
    '4-workers',
  ]),
  http('http-keep-alive', 'HTTP, kept-alive connections, 10 k torrents, 100 k peers', true, [
    'alias-tracker',
    '2-workers',
    '4-workers',
  ]),
];

function udp(
  name: string,
  title: string,
  shape: WorkloadShape,
  profile: LoadProfile,
  servers: readonly ServerKind[],
): Scenario {
  return { name, title, protocol: 'udp', host: IPV4, shape, profile, servers };
}

function http(name: string, title: string, keepAlive: boolean, servers: readonly ServerKind[]): Scenario {
  const profile = { ...ANNOUNCE, keepAlive };
  return { name, title, protocol: 'http', host: IPV4, shape: SMALL, profile, servers };
}
