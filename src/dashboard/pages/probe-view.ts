/** What a probe is doing, in one sentence, and the commands that set it up. Pure. */
import { shortList } from '../../domain/counted.js';
import type { ProbeDocument } from '../../reports/api/answer-schemas.js';
import { ago, duration } from '../frame/show.js';

export interface ProbeSentence {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
}

/** Worse ones first: what the sentence is about. */
const URGENCY = ['revoked', 'never-reported', 'silent', 'implausible', 'late', 'clock', 'users-unknown'];

export function stateInWords({ alarms, lastReceived, subdomains }: ProbeDocument, nowMs: number): ProbeSentence {
  const [worst] = [...alarms].sort((a, b) => URGENCY.indexOf(a.kind) - URGENCY.indexOf(b.kind));
  const last = lastReceived === null ? '' : ` Its last report came ${ago(Date.parse(lastReceived), nowMs)}.`;
  if (worst === undefined) return { tone: 'good', text: `It reports on ${shortList(subdomains)} as expected.${last}` };
  const rest = alarms.length - 1;
  const more = rest === 0 ? '' : ` ${rest} more below.`;
  const tone = ['late', 'clock', 'users-unknown'].includes(worst.kind) ? 'warn' : 'bad';
  return { tone, text: `${worst.kind}: ${worst.detail}.${last}${more}` };
}

export function skewInWords(clockSkewMs: number): string {
  const seconds = Math.abs(clockSkewMs) / 1_000;
  if (seconds < 1) return 'right';
  return `${duration(seconds)} ${clockSkewMs > 0 ? 'behind' : 'ahead'}; corrected`;
}

/** The commands that make a token and report with it. @param origin of this tracker, as the reader's browser calls it */
export function setUpLines(probe: string, subdomains: readonly string[], origin: string): string[] {
  const id = shellWord(probe);
  const first = shellWord(subdomains[0] ?? 'north');
  return [
    `alias-tracker token new --probe ${id} --subdomains ${shellWord(subdomains.join(','))}`,
    `export ALIAS_TRACKER_TOKEN=…`,
    `alias-tracker report density --url ${shellWord(origin)} --probe ${id} --subdomain ${first} --bytes 123456789 --users 4210 --period 300`,
  ];
}

/** Names of the configuration are letters, digits and dots, but this is to be pasted into a shell. */
function shellWord(text: string): string {
  return /^[\w.,:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
