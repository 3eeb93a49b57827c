/** Adds names, rates and reports to the explanation of a selection. */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { GroupCost } from '../selection/compile-cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import type { HoursInWords } from '../selection/hours-in-words.js';
import type { AddressDescription } from '../topology/compile-topology.js';

/** What the policy in force says of addresses and groups. */
export interface PolicyNames {
  describeAddress(address: IpAddress): AddressDescription;
  describeGroup(group: number): GroupCost;
  /** The rate that an override sets for traffic between two groups. */
  overriddenRate(requesterGroup: number, group: number): number | undefined;
  readonly billing: BillingInWords;
}

export type BillingInWords = HoursInWords & { readonly currency: string };

/** How to read the numbers of a candidate. */
const SCALES = {
  tier: 'lower is better: 0 the AS of the client, 1 another AS of the operator, 2 foreign',
  ratePerGigabyte: 'lower is better; compared among foreign candidates only',
  score: 'lower is better: 0 is the best; capability counts before density',
  capabilityLevel: 'higher is better: 7 the most capable',
  densityLevel: 'lower is better: 0 the least traffic for each user',
} as const;

/** @param requester the client of the explained answer. @returns plain JSON for people and scripts */
export function explainedInWords(
  answer: Explanation,
  requester: IpAddress,
  policy: PolicyNames,
): Record<string, unknown> {
  const { groupName, asn, operator, subdomain } = policy.describeAddress(requester);
  return {
    found: answer.found,
    requester: {
      address: formatIp(requester),
      port: answer.requester.port,
      peersAtAddress: answer.requester.peersAtAddress,
      group: groupName,
      asn,
      operator,
      ...(subdomain === undefined ? {} : { subdomain }),
      inner: answer.requester.inner,
      seed: answer.requester.seed,
      inSwarm: answer.requester.inSwarm,
      gateway: answer.requester.gateway,
      household: answer.requester.household,
    },
    mix: answer.mix,
    random: randomInWords(answer),
    localised: answer.localised,
    supply: { ...answer.supply, why: supplyInWords(answer) },
    gateways: answer.gateways,
    foreign: answer.foreign,
    billing: policy.billing,
    scales: SCALES,
    candidates: answer.classes.map((candidate) => {
      const cost = policy.describeGroup(candidate.group);
      return {
        group: cost.name,
        asn: cost.asn,
        kind: cost.kind,
        tier: candidate.tier,
        ...(candidate.overridden ? { overridden: true } : {}),
        ratePerGigabyte: policy.overriddenRate(answer.requester.group, candidate.group) ?? cost.ratePerGigabyte,
        relationship: cost.relationship,
        ...(cost.density === undefined
          ? { density: null }
          : { density: cost.density.bytesPerUserPerSecond, densityAgeSeconds: Math.round(cost.density.ageSeconds) }),
        densityLevel: candidate.densityLevel,
        capabilityLevel: candidate.capabilityLevel,
        capabilitySource: candidate.capabilitySource,
        cache: candidate.cache,
        score: candidate.score,
        role: candidate.role,
        peers: candidate.count,
        chosen: candidate.chosen,
        ...(candidate.innerOnly > 0 ? { innerOnly: candidate.innerOnly } : {}),
        reason: candidate.reason,
      };
    }),
    imported: answer.imported,
    peers: answer.chosen.map(({ words, port, origin }) => ({
      address: formatIp({ family: words.length === 1 ? 4 : 6, words }),
      port,
      ...(origin === undefined ? {} : { origin }),
    })),
  };
}

/** Why an answer is drawn at random; null if it is not. */
function randomInWords({ requester: { household, inner } }: Explanation): string | null {
  if (!inner || household === 'localised') return null;
  return household === 'control'
    ? 'the household is in the control group: its peers are drawn at random, as an ordinary tracker would, so that savings can be measured'
    : 'the household is not localised: the roll-out has not reached it, or localisation is in shadow mode or paused';
}

/** Why inner seeds count in the answer, or do not. */
function supplyInWords({ supply, requester }: Explanation): string {
  const { innerSeeds, serving, starving, innerLeechers } = supply;
  if (!requester.inner) return 'the client is outside the network: what inner seeds serve does not change its answer';
  if (supply.requesterStarves) {
    return 'the client has received nothing since its last announce: it is given foreign peers whatever inner seeds there are';
  }
  if (innerSeeds === 0 && serving === 0) return 'no inner seed';
  if (supply.suffices) {
    return `${serving} inner seed hosts have shown that they serve: enough for ${innerLeechers} inner leechers`;
  }
  if (starving > 0 && serving > 0) {
    return `${starving} of ${innerLeechers} inner leechers have received nothing since their last announce`;
  }
  if (serving === 0) {
    return `${innerSeeds} inner seeds are listed, but none has shown that it serves: nobody has seen its uploads grow while another host received something`;
  }
  return `${serving} inner seed hosts have shown that they serve: too few for ${innerLeechers} inner leechers`;
}
