/** Puts the answer of a selection into a sentence. Pure. */
import { z } from 'zod';

const number = z.number();
const text = z.string();

const candidate = z.object({
  group: text,
  asn: number,
  kind: text,
  tier: number,
  ratePerGigabyte: number,
  relationship: text,
  density: number.nullable(),
  densityLevel: number,
  capabilityLevel: number,
  capabilitySource: text,
  cache: z.boolean(),
  score: number,
  role: text,
  peers: number,
  chosen: number,
  reason: text,
});
export type Candidate = z.output<typeof candidate>;

export const explanation = z.object({
  requester: z.object({
    address: text,
    port: number.nullable(),
    peersAtAddress: number,
    group: text,
    asn: number,
    subdomain: text.optional(),
    inner: z.boolean(),
    seed: z.boolean(),
    inSwarm: z.boolean(),
    gateway: z.boolean(),
  }),
  mix: z.object({
    reason: text,
    want: number,
    inner: number,
    foreign: number,
    innerAvailable: number,
    foreignAvailable: number,
  }),
  /** Why this client gets a random answer, as an original tracker would give. */
  random: text.nullish(),
  supply: z.object({ why: text }),
  candidates: z.array(candidate),
  peers: z.array(z.object({ address: text, port: number })),
});
export type ExplanationAnswer = z.output<typeof explanation>;

/** By the reason of the mix, as `src/selection/explanation.ts` names it. */
const REASONS: Readonly<Record<string, string>> = {
  'nothing-wanted': 'it asks for no peers',
  'enough-inner': 'enough inner peers are there',
  'too-few-inner': 'there are too few inner peers',
  'no-inner': 'nobody else inside takes part',
  'no-inner-seed': 'nobody inside has the whole torrent',
  'not-a-gateway': 'other clients inside bring the content in',
  'foreign-requester': 'it is a client of another network',
  'inner-seeds-unproven': 'no inner seed has shown yet that it serves',
  'requester-starves': 'it has received nothing since its last announce',
  'cache-serves-inner-clients-only': 'it is a cache, which serves inner clients only',
  'cache-fetches-from-caches': 'it is a cache, which fetches from other caches',
  'cache-is-out': 'it is a cache that the operator has taken out',
};

/** `203.0.113.5 of north (AS 64500) would get 12 inner and 0 foreign peers, because …` */
export function sentenceOf({ requester, mix, supply, random }: ExplanationAnswer): string {
  const { address, group, asn, seed, inSwarm, gateway } = requester;
  const who = `${address} of ${group}${asn === 0 ? '' : ` (AS ${asn})`}`;
  const role = gateway ? ', a gateway of this torrent,' : seed ? ', a seed,' : '';
  const joins = inSwarm ? '' : ' It does not announce this torrent; this is what it would get if it joined.';
  const chance = random === null || random === undefined ? '' : ` It is answered at random: ${random}.`;
  return `${who}${role} would get ${mix.inner} inner and ${mix.foreign} foreign peers of ${mix.innerAvailable} and ${mix.foreignAvailable}: ${REASONS[mix.reason] ?? mix.reason}. ${capitalised(supply.why)}${chance}${joins}`;
}

const TIERS = ['its own AS', 'another AS of yours', 'foreign'] as const;

export function tierInWords(tier: number): string {
  return TIERS[tier] ?? String(tier);
}

function capitalised(sentence: string): string {
  const first = `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
  return first === '' || first.endsWith('.') ? first : `${first}.`;
}
