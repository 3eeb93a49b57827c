/**
 * Tests that the redirection fails open: treats a target as dead, or waits until it is dead, and measures how long DNS servers
 * still redirect to it. Then it measures how long they take to redirect again. The drill is ended even after an error, and the
 * tracker also ends it after its time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatIp, ipv4FromWord, ipv6FromWords, parseIp } from '../../domain/ip-address.js';
import type { Endpoint } from '../../net/endpoint.js';
import { askDns } from '../ask-dns.js';
import { RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_REFUSED, TYPE_A, TYPE_AAAA } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';

export interface DrillName {
  readonly name: string;
  /** What it is redirected to. */
  readonly addresses: readonly string[];
}

export interface DrillOptions {
  readonly servers: readonly Endpoint[];
  readonly name: DrillName;
  /** How long to wait for the withdrawal, and then for the return. */
  readonly withdrawMs: number;
  readonly returnMs: number;
  readonly from?: string | undefined;
  /** Milliseconds that only rise. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** Resolves once the target is dead. @returns when it died, by {@link DrillOptions.nowMs}; undefined: now */
  begin(): Promise<number | undefined>;
  /** Resolves once the target works again. @param isDead false if `begin` failed, so the target may work all the time */
  end(isDead: boolean): Promise<void>;
}

export interface DrillResult {
  readonly server: Endpoint;
  /** Why the server is left out of the drill. */
  readonly problem?: string;
  /** Undefined: not within the time. */
  readonly withdrawnMs?: number | undefined;
  readonly returnedMs?: number | undefined;
}

const ASK_EVERY_MS = 100;
const ANSWER_MS = 1_000;
const RCODE_MASK = 0x0f;

/** Why a server cannot take part, if the name does not lead here. */
const PROBLEMS = {
  elsewhere: 'does not redirect the name now',
  refused: 'refuses the question',
  failed: 'answers with a failure',
  silent: 'does not answer',
} as const;

export async function runDrill(options: DrillOptions): Promise<DrillResult[]> {
  const before = await Promise.all(options.servers.map((server) => whereItLeads(server, options)));
  const problems = before.map((leads) => (leads === 'here' ? undefined : PROBLEMS[leads]));
  const watched = options.servers.filter((_, i) => problems[i] === undefined);
  if (watched.length === 0) return options.servers.map((server, i) => ({ server, problem: problems[i]! }));
  let withdrawn: (number | undefined)[];
  let returned: (number | undefined)[];
  let isDead = false;
  try {
    const diedMs = await options.begin();
    isDead = true;
    withdrawn = await waitFor('elsewhere', watched, options.withdrawMs, options, diedMs);
  } finally {
    await options.end(isDead);
  }
  returned = await waitFor('here', watched, options.returnMs, options);
  return options.servers.map((server, i) => {
    const problem = problems[i];
    const at = watched.indexOf(server);
    return problem === undefined
      ? { server, withdrawnMs: withdrawn[at], returnedMs: withdrawn[at] === undefined ? undefined : returned[at] }
      : { server, problem };
  });
}

/** @returns for each server how long it took; undefined if it took too long */
function waitFor(
  wanted: Leads,
  servers: readonly Endpoint[],
  patienceMs: number,
  options: DrillOptions,
  fromMs = options.nowMs(),
): Promise<(number | undefined)[]> {
  const { nowMs, signal } = options;
  return Promise.all(
    servers.map(async (server) => {
      for (;;) {
        const askedMs = nowMs() - fromMs;
        if ((await whereItLeads(server, options)) === wanted) return nowMs() - fromMs;
        signal.throwIfAborted();
        if (askedMs > patienceMs) return undefined;
        await sleep(ASK_EVERY_MS);
      }
    }),
  );
}

type Leads = 'here' | keyof typeof PROBLEMS;

/** Users do not get the original from a server that fails, so that counts as no withdrawal. A denial counts as one. */
async function whereItLeads(server: Endpoint, { name, from }: DrillOptions): Promise<Leads> {
  const ours = new Set(name.addresses);
  const type = name.addresses.some((address) => parseIp(address).family === 4) ? TYPE_A : TYPE_AAAA;
  const answer = await askDns(server, name.name, type, { timeoutMs: ANSWER_MS, from });
  if (answer === undefined) return 'silent';
  const rcode = answer.flags & RCODE_MASK;
  if (rcode === RCODE_REFUSED) return 'refused';
  if (rcode !== RCODE_NOERROR && rcode !== RCODE_NXDOMAIN) return 'failed';
  return answer.answers.some((record) => ours.has(addressOf(record) ?? '')) ? 'here' : 'elsewhere';
}

function addressOf({ type, data }: DnsRecord): string | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type === TYPE_A && data.length === 4) return formatIp(ipv4FromWord(view.getUint32(0)));
  if (type !== TYPE_AAAA || data.length !== 16) return undefined;
  return formatIp(ipv6FromWords(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)));
}
