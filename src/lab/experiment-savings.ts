/**
 * The savings estimate of the alias tracker in an experiment, beside what the border counted. Clients end first: what they have
 * uploaded since they completed is in their last announce.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExperimentClient } from './experiment-clients.js';
import type { RunningClient } from './experiment-progress.js';
import type { LinkBytes, NetworkLab } from './network-namespaces.js';

/** The call of the savings of the alias tracker. */
export interface SavingsCall {
  readonly lab: NetworkLab;
  readonly network: string;
  readonly url: string;
  readonly token: string;
}

/** `traffic` of the answer: what inner clients announced, and what was estimated from it. */
export interface AnnouncedTraffic {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly foreignByShareBytes: number;
  readonly foreignAtLeastBytes: number;
  readonly foreignAtMostBytes: number;
  readonly foreignBytes: number;
}

/** Ethernet, IPv4 and TCP with time stamps. */
const HEADER_BYTES = 14 + 20 + 32;
/** Clients that end announce within this time, also on a busy machine. */
const END_TIMEOUT_MS = 30_000;

/** aria2c ends without an announce at SIGTERM. */
const END_SIGNAL = { aria2c: 'SIGINT', libtorrent: 'SIGTERM', transmission: 'SIGTERM' } as const;

/** Payload of TCP that came in. Pure acknowledgements count as nothing. */
export function payloadInward(before: LinkBytes, now: LinkBytes): number {
  return now.inward - before.inward - HEADER_BYTES * (now.inwardPackets - before.inwardPackets);
}

/** Ends clients and waits for their last announces. Those that hang are left to the end of the experiment. */
export async function endClients(kind: ExperimentClient, clients: readonly RunningClient[]): Promise<void> {
  const ended = clients
    .filter(({ child }) => child.exitCode === null && child.signalCode === null)
    .map(({ child }) => {
      const exit = once(child, 'exit');
      child.kill(END_SIGNAL[kind]);
      return exit;
    });
  await Promise.race([Promise.allSettled(ended), sleep(END_TIMEOUT_MS)]);
}

const ASK = `
const [url, token] = process.argv.slice(1);
fetch(url, { headers: { authorization: 'Bearer ' + token } }).then((answer) => answer.text()).then((text) => console.log(text));
`;

/** What all inner clients have announced in this experiment. */
export function askTraffic({ lab, network, url, token }: SavingsCall): AnnouncedTraffic {
  const answer = lab.exec(network, [process.execPath, '-e', ASK, url, token]);
  return (JSON.parse(answer) as { readonly traffic: AnnouncedTraffic }).traffic;
}
