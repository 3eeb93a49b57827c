/** What the control API shows of the redirected names: where they lead, whether they do now, and drills. */
import { formatIp, type IpAddress, parseIp } from '../../domain/ip-address.js';
import { isRedirectedClient } from '../client-choice.js';
import { answersType, whyNotRedirected } from '../decide.js';
import type { CheckResult } from '../health/health-watch.js';
import type { RunningHealth } from '../health/running-health.js';
import type { RedirectedName } from '../redirect-policy.js';
import { Redirections } from '../redirections.js';
import { TYPE_A, TYPE_AAAA } from '../wire/dns-codes.js';
import type { RedirectionTest, RedirectionView } from './redirection-routes.js';

export function redirectionView(health: RunningHealth): RedirectionView {
  return {
    get mode() {
      return health.policy.mode;
    },
    off: () => health.off,
    redirections: async () =>
      [...health.policy.names].map(([name, entry]) => ({
        name,
        target: entry.target,
        active: health.isActive(entry),
        problem: health.off?.text ?? health.problemOf(name, entry) ?? null,
        addresses: entry.addresses.map(formatIp),
        health: entry.addresses.map((address, i) => ({
          address: formatIp(address),
          up: health.isHealthy(entry, i),
          checks: health.thread.checksOf(entry, i).map(checkDocument),
        })),
        ttlSeconds: health.policy.ttlSeconds,
      })),
    test: (name, client) => testOf(health, name, parseIp(client)),
    drills: () => health.drills(),
    drill: (target, seconds) => health.drill(target, seconds),
  };
}

function checkDocument({ url, isUp, reason }: CheckResult) {
  return { url, up: isUp ?? null, reason: reason ?? null };
}

function testOf(health: RunningHealth, text: string, client: IpAddress): RedirectionTest {
  const name = text.trim().toLowerCase().replace(/\.$/, '');
  const asked = { name, client: formatIp(client) };
  const entry = health.policy.names.get(name);
  if (entry === undefined) return { ...asked, redirected: false, addresses: [], because: 'not-listed' };
  const state = {
    isHealthy: (of: RedirectedName, address: number) => health.isHealthy(of, address),
    isOpen: () => health.isOpen(),
  };
  // The DNS server, unlike the health of the names, chooses clients.
  const redirections = new Redirections({ ...health.policy, clients: health.clients });
  const reasons = [TYPE_A, TYPE_AAAA].map((type) => whyNotRedirected(entry, type, client, redirections, state));
  const types = [TYPE_A, TYPE_AAAA].filter((_, i) => reasons[i] === undefined);
  const addresses = entry.addresses.filter(
    (address, i) => health.isHealthy(entry, i) && types.some((type) => answersType(address, type)),
  );
  const redirected = types.length > 0;
  return {
    ...asked,
    redirected,
    addresses: addresses.map(formatIp),
    because: redirected ? null : reasonOf(reasons[0], health, client),
  };
}

/** As an operator sees it: a pause is not bad health, and a share of the clients is not a list of them. */
function reasonOf(
  reason: ReturnType<typeof whyNotRedirected>,
  { off, policy }: Pick<RunningHealth, 'off' | 'policy'>,
  client: IpAddress,
): RedirectionTest['because'] {
  if (reason === 'withdrawn' && off !== undefined) return 'paused';
  return reason === 'client' && isRedirectedClient(policy.clients, client) ? 'percent' : (reason ?? null);
}
