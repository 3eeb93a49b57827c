/** What the calls of the tracker show: the data plane's swarms, with the names that the rest of the program knows. */
import { ClientError } from '../../domain/errors.js';
import { parseInfoHash } from '../../domain/info-hash.js';
import { type IpAddress, parseIp } from '../../domain/ip-address.js';
import type { Explanation } from '../../selection/explanation.js';
import type { Catalogue } from '../../store/sqlite/catalogue.js';
import type { TrackerSection } from '../section.js';
import type { SupervisedDataPlane } from '../supervised-data-plane.js';
import type { TrackerView } from './tracker-routes.js';

export interface TrackerViewNeeds {
  readonly catalogue: Pick<Catalogue, 'namesOf'>;
  readonly policy: () => {
    inWords(answer: Explanation, requester: IpAddress): Record<string, unknown>;
    describeGroup(group: number): { readonly name: string; readonly asn: number; readonly kind: string };
  };
}

/** @param tracker of the start: how many peers an answer has does not follow a reload */
export function trackerView(
  dataPlane: Pick<SupervisedDataPlane, 'explain' | 'swarms' | 'swarm' | 'counters'>,
  { numWantDefault, numWantMax }: TrackerSection,
  { catalogue, policy }: TrackerViewNeeds,
): TrackerView {
  return {
    explain: async ({ infoHash, ip, port, numwant }) => {
      const address = parseIp(ip);
      const numWant = Math.min(numwant ?? numWantDefault, numWantMax);
      const answer = await dataPlane.explain({ infoHash: parseInfoHash(infoHash), address, port, numWant });
      if (answer === null || !answer.found) throw new ClientError('not-found', 'no client has announced this torrent');
      return policy().inWords(answer, address);
    },
    swarms: async ({ limit, offset }) => {
      const swarms = (await dataPlane.swarms({ limit: limit + offset, sort: 'peers' })).slice(offset);
      const names = catalogue.namesOf(swarms.map(({ infoHash }) => parseInfoHash(infoHash)));
      const named = swarms.map((swarm) => {
        const name = names.get(parseInfoHash(swarm.infoHash));
        return name === undefined ? { ...swarm } : { ...swarm, name };
      });
      return { total: dataPlane.counters().swarms, swarms: named };
    },
    swarm: async (infoHash) => {
      const swarm = await dataPlane.swarm(parseInfoHash(infoHash));
      if (swarm === null) return undefined;
      const groups = swarm.groups.map(({ group, ...counts }) => {
        const { name, asn, kind } = policy().describeGroup(group);
        return { group: name, asn, kind, ...counts };
      });
      return { ...swarm, groups };
    },
  };
}
