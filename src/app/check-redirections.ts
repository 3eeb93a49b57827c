/** The verdict on every redirected name, for `dns check`, and for `check-config` what it can say without asking anybody. */
import type { Config } from '../config/config-schema.js';
import { listed } from '../config-kit/field-schemas.js';
import { type AnnounceUsage, NO_USAGE } from '../dns-redirect/coverage/announce-usage.js';
import { type CheckMeans, type CoverageRow, checkName } from '../dns-redirect/coverage/check-name.js';
import { originalFacts } from '../dns-redirect/coverage/original-facts.js';
import { readUsage } from '../dns-redirect/coverage/read-usage.js';
import type { HealthCheck } from '../dns-redirect/health/health-plan.js';
import { tryConnection } from '../dns-redirect/health/try-connection.js';
import { compileRedirectPolicy } from '../dns-redirect/redirect-policy.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import { configuredResolvers } from '../net/configured-resolvers.js';
import { isWildcard } from '../net/endpoint.js';
import { machineAddresses } from '../net/machine-addresses.js';
import { databaseFile } from '../store/database-file.js';
import { readCatalogue } from '../store/sqlite/read-catalogue.js';
import { outboundOf } from './outbound.js';

const TRY_MS = 2_000;
/** Names at once: originals are asked, and each name takes a few sockets. */
const IN_PARALLEL = 8;

/** Asks the targets and, past the redirection, the originals. @throws OperatorError if the catalogue cannot be read */
export async function checkRedirections(config: Config): Promise<CoverageRow[]> {
  const resolvers = configuredResolvers(config);
  const blockedReason = outboundOf(() => config);
  return checkAll(config, await usageOf(config), {
    tryPort: (check) => tryConnection(check, TRY_MS),
    facts: (name) => (resolvers.length === 0 ? undefined : originalFacts(name, { resolvers, blockedReason })),
  });
}

/** One line for each loss that follows from the configuration and the catalogue alone. Connects to nothing. */
export async function adviceOnCoverage(config: Config): Promise<string[]> {
  const usage = await usageOf(config).catch(() => undefined);
  const rows = await checkAll(config, usage, {
    tryPort: async (check) => notListenedOn(config, check),
    facts: () => undefined,
  });
  return rows
    .filter(({ verdict }) => verdict === 'loses')
    .map(({ name, what, found, wayOut }) => `dnsRedirect: ${name}: ${what}: ${found}; ${wayOut}`);
}

interface Means extends Pick<CheckMeans, 'tryPort'> {
  facts(name: string): ReturnType<typeof originalFacts> | undefined;
}

async function checkAll(config: Config, usage: AnnounceUsage | undefined, means: Means): Promise<CoverageRow[]> {
  const { dnsRedirect, operator, tracker } = config;
  if (dnsRedirect === undefined) return [];
  const usersHaveIpv6 = operator.networks.some(({ prefixes }) => prefixes.some(({ address }) => address.family === 6));
  const { names, signedNames } = compileRedirectPolicy({ ...dnsRedirect, percent: 100 });
  const waiting = [...names];
  const rows = new Map<string, CoverageRow[]>();
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, entry] = next;
      const checked = { name, entry, usage: usage?.of(name) ?? NO_USAGE, facts: await means.facts(name) };
      rows.set(name, await checkName(checked, { ...means, trackerPorts: tracker.listen, usersHaveIpv6, signedNames }));
    }
  };
  await Promise.all(Array.from({ length: IN_PARALLEL }, work));
  return [...names.keys()].flatMap((name) => rows.get(name) ?? []);
}

async function usageOf(config: Config): Promise<AnnounceUsage | undefined> {
  const trackers = (config.dnsRedirect?.trackers ?? []).map(({ name }) => name);
  if (trackers.length === 0) return undefined;
  return readCatalogue(databaseFile(config), (catalogue) => readUsage(catalogue, trackers));
}

/** @returns undefined if a listener of this configuration has the port, or another machine must */
function notListenedOn({ tracker, mirrorSite }: Config, { target, protocol, address, port }: HealthCheck) {
  const text = formatIp(address);
  const isHere = text.startsWith('127.') || machineAddresses().includes(text);
  const all =
    target === 'tracker' ? tracker.listen : mirrorSite ? listed(mirrorSite.listen).map(({ value }) => value) : [];
  const onPort = all.filter((each) => each.protocol === protocol && (each.port === port || each.port === 0));
  if (onPort.some(({ host }) => isWildcard(host) || formatIp(parseIp(host)) === text)) return undefined;
  // A port may be forwarded to another one here, or another machine may have the address.
  if (!isHere && onPort.length > 0) return undefined;
  if (!isHere && all.length === 0) return undefined;
  return `${text}: nothing in this configuration listens on ${protocol} port ${port}`;
}
