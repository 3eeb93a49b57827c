/** Puts the answer of a selection into a sentence. Pure. */
import type { ExplainAnswer } from '../../tracker/api/answer-schemas.js';

export type Candidate = ExplainAnswer['candidates'][number];

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

/** What the sentence needs of the answer. */
interface Explained extends Pick<ExplainAnswer, 'mix' | 'random'> {
  readonly requester: Pick<ExplainAnswer['requester'], 'address' | 'group' | 'asn' | 'seed' | 'inSwarm' | 'gateway'>;
  readonly supply: Pick<ExplainAnswer['supply'], 'why'>;
}

/** `203.0.113.5 of north (AS 64500) would get 12 inner and 0 foreign peers, because …` */
export function sentenceOf({ requester, mix, supply, random }: Explained): string {
  const { address, group, asn, seed, inSwarm, gateway } = requester;
  const who = `${address} of ${group}${asn === 0 ? '' : ` (AS ${asn})`}`;
  const role = gateway ? ', a gateway of this torrent,' : seed ? ', a seed,' : '';
  const joins = inSwarm ? '' : ' It does not announce this torrent; this is what it would get if it joined.';
  const chance = random === null ? '' : ` It is answered at random: ${random}.`;
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
