/**
 * The peers of a scenario with their network, sub-domain, links and address. Network n has the addresses 10.n.0.0/16.
 * Its sub-domain s has the part 10.n.s.0 – 10.n.s.255 and, if it has more peers, further blocks.
 */
import { ipv4FromWord, type Prefix } from '../domain/ip-address.js';
import type { Random } from '../domain/random.js';
import type { SimulatedTime } from './hours.js';
import type { Scenario, ScenarioNetwork } from './scenario.js';
import type { PeerSpecification } from './simulated-peer.js';

/** Sub-domains are blocks of 2^SUBDOMAIN_BITS addresses. */
const NETWORK_BITS = 18;

export interface SimulatedNetwork {
  readonly index: number;
  readonly name: string;
  readonly specification: ScenarioNetwork | undefined;
  readonly localised: boolean;
  readonly prefix: Prefix;
  readonly subdomains: readonly {
    readonly id: string;
    readonly prefix: Prefix;
    readonly bytesPerUserPerSecond: number | undefined;
  }[];
  /** Addresses of the operator's caches. */
  readonly caches: readonly number[];
}

export interface Population {
  readonly networks: readonly SimulatedNetwork[];
  readonly peers: readonly PeerSpecification[];
  /** [peer] → IPv4 address. */
  readonly addresses: Uint32Array;
  readonly peerAt: ReadonlyMap<number, number>;
}

const BASE_ADDRESS = 0x0a000000;

/** @param fillTimes when caches with `fills: window` download; without any there are no such caches */
export function populate(scenario: Scenario, random: Random, fillTimes: readonly SimulatedTime[] = []): Population {
  const networks: SimulatedNetwork[] = [];
  const peers: PeerSpecification[] = [];
  const addresses: number[] = [];
  const add = (address: number, peer: PeerSpecification): void => {
    peers.push(peer);
    addresses.push(address);
  };
  const origin = addNetwork(networks, 'origin', undefined);
  const forever = Number.POSITIVE_INFINITY;
  const { uplinkBps } = scenario.origin;
  add(addressIn(origin, 0, 0), {
    network: origin.index,
    uplinkBps,
    downlinkBps: uplinkBps,
    arrivalSeconds: 0,
    seed: true,
    seedForSeconds: forever,
  });
  for (const specification of scenario.networks) {
    for (let i = 0; i < specification.count; i++) {
      const name = specification.count === 1 ? specification.name : `${specification.name} ${i + 1}`;
      const caches = specification.caches.filter(({ fills }) => fills === 'always' || fillTimes.length > 0);
      const network = addNetwork(networks, name, specification, caches.length);
      const { seedForSeconds, subdomains } = specification;
      const shares = subdomains.reduce((sum, subdomain) => sum + subdomain.share, 0);
      // Addresses of users do not depend on which caches there are.
      const used = new Array<number>(subdomains.length).fill(specification.caches.length);
      const { firewalledShare, silentShare } = specification;
      for (let p = 0; p < specification.peers; p++) {
        const at = pickByShare(subdomains, (random.below(1_000_000) / 1_000_000) * shares);
        // Drawn only for a positive share, so that the other scenarios keep their random numbers.
        const firewalled = firewalledShare > 0 && random.below(1_000_000) < firewalledShare * 1_000_000;
        add(addressIn(network, at, used[at]!++), {
          network: network.index,
          uplinkBps: subdomains[at]!.uplinkBps ?? specification.uplinkBps,
          downlinkBps: specification.downlinkBps,
          arrivalSeconds:
            specification.arrivalStartSeconds + (specification.arrivalSeconds * random.below(10_000)) / 10_000,
          seed: false,
          seedForSeconds: seedForSeconds === 'forever' ? forever : seedForSeconds,
          reach: firewalled ? 'firewalled' : 'open',
        });
      }
      for (let silent = Math.round(specification.peers * silentShare); silent > 0; silent--) {
        const at = pickByShare(subdomains, (random.below(1_000_000) / 1_000_000) * shares);
        add(addressIn(network, at, used[at]!++), {
          network: network.index,
          uplinkBps: specification.uplinkBps,
          downlinkBps: specification.downlinkBps,
          arrivalSeconds: 0,
          seed: true,
          seedForSeconds: forever,
          reach: 'silent',
        });
      }
      caches.forEach(({ fills, ...links }, c) => {
        add(network.caches[c]!, {
          network: network.index,
          ...links,
          ...(fills === 'window' ? { fillTimes } : {}),
          arrivalSeconds: fills === 'window' ? fillTimes[0]!.fromSeconds : specification.arrivalStartSeconds,
          seed: false,
          seedForSeconds: forever,
        });
      });
    }
  }
  return {
    networks,
    peers,
    addresses: Uint32Array.from(addresses),
    peerAt: new Map(addresses.map((address, peer) => [address, peer])),
  };
}

function pickByShare(subdomains: ScenarioNetwork['subdomains'], at: number): number {
  let sum = 0;
  for (let i = 0; i < subdomains.length; i++) {
    sum += subdomains[i]!.share;
    if (at < sum) return i;
  }
  return subdomains.length - 1;
}

function addNetwork(
  networks: SimulatedNetwork[],
  name: string,
  specification: ScenarioNetwork | undefined,
  caches = 0,
): SimulatedNetwork {
  const index = networks.length;
  const base = BASE_ADDRESS + index * 2 ** NETWORK_BITS;
  const count = specification?.subdomains.length ?? 1;
  const bits = subdomainBits(count);
  const network: SimulatedNetwork = {
    index,
    name,
    specification,
    localised: specification?.localised ?? false,
    prefix: { address: ipv4FromWord(base), length: 32 - NETWORK_BITS },
    subdomains: Array.from({ length: count }, (_, i) => ({
      id: `${name}/${i + 1}`,
      prefix: { address: ipv4FromWord(base + i * 2 ** bits), length: 32 - bits },
      bytesPerUserPerSecond: specification?.subdomains[i]?.bytesPerUserPerSecond,
    })),
    caches: Array.from({ length: caches }, (_, c) => base + c),
  };
  networks.push(network);
  return network;
}

function subdomainBits(count: number): number {
  return NETWORK_BITS - Math.ceil(Math.log2(Math.max(1, count)));
}

function addressIn(network: SimulatedNetwork, subdomain: number, host: number): number {
  return network.subdomains[subdomain]!.prefix.address.words[0]! + host;
}
