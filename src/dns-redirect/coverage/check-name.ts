/** The verdict on one redirected name: what its users have today, whether they keep it, and what to do if they do not. */
import { formatIp } from '../../domain/ip-address.js';
import { deniesAll } from '../bittorrent-text.js';
import { checkOf, type HealthCheck } from '../health/health-plan.js';
import type { RedirectedName, SignedNames } from '../redirect-policy.js';
import type { AnnouncePort, NameUsage, UsedPort } from './announce-usage.js';
import type { OriginalFacts } from './original-facts.js';

/** `loses`: a user would lose something. `note`: the operator should know it. `unknown`: no data. */
export type Verdict = 'ok' | 'loses' | 'note' | 'unknown';

export interface CoverageRow {
  readonly name: string;
  readonly what: string;
  readonly found: string;
  readonly verdict: Verdict;
  /** What to do. Empty if there is nothing to do. */
  readonly wayOut: string;
}

export interface NameToCheck {
  readonly name: string;
  readonly entry: RedirectedName;
  readonly usage: NameUsage;
  /** Undefined: the original was not asked. */
  readonly facts: OriginalFacts | undefined;
}

export interface CheckMeans {
  /** Ports that the tracker has, for names that no torrent announces to. */
  readonly trackerPorts: readonly AnnouncePort[];
  /** @returns undefined if users are served there, else what is wrong */
  readonly tryPort: (check: HealthCheck) => Promise<string | undefined>;
  /** Whether users have IPv6 addresses. */
  readonly usersHaveIpv6: boolean;
  readonly signedNames: SignedNames;
}

type Row = Omit<CoverageRow, 'name'>;

const ok = (what: string, found: string): Row => ({ what, found, verdict: 'ok', wayOut: '' });
const row = (what: string, found: string, verdict: Verdict, wayOut: string): Row => ({ what, found, verdict, wayOut });

export async function checkName(check: NameToCheck, means: CheckMeans): Promise<CoverageRow[]> {
  const ports = check.entry.target === 'tracker' ? await trackerPorts(check, means) : await sitePorts(check, means);
  const rows = [...ports, ...(check.facts === undefined ? [] : aboutOriginal(check, check.facts, means))];
  return rows.map((each) => ({ name: check.name, ...each }));
}

async function trackerPorts({ name, entry, usage }: NameToCheck, means: CheckMeans): Promise<Row[]> {
  if (usage.torrents === 0) {
    const faults = await Promise.all(means.trackerPorts.map((port) => faultOf(name, entry, port, means)));
    const found = 'no torrent of the catalogue announces to it';
    return faults.some((fault) => fault === undefined)
      ? [row('ports', found, 'unknown', 'crawl first, or compare tracker.listen with its torrents by hand')]
      : [row('ports', `${found}, and ${faults[0]}`, 'loses', WAY_OUT_TRACKER)];
  }
  const faults = new Map<string, string>();
  for (const { protocol, port } of usage.groups.flatMap((group) => group.ports)) {
    const key = `${protocol}:${port}`;
    if (faults.has(key)) continue;
    const fault = await faultOf(name, entry, { protocol, port }, means);
    faults.set(key, fault ?? '');
  }
  const isServed = (port: AnnouncePort): boolean => faults.get(`${port.protocol}:${port.port}`) === '';
  const lost = usage.groups.filter(({ ports }) => !ports.some(isServed));
  const lostPorts = new Set(lost.flatMap(({ ports }) => ports.map(({ protocol, port }) => `${protocol}:${port}`)));
  return usage.ports.map((port) => portRow(port, faults.get(`${port.protocol}:${port.port}`), lostPorts, lost));
}

const WAY_OUT_TRACKER = 'set tracker.coverPorts: true, or add the port to tracker.listen, or do not redirect the name';

function portRow(
  used: UsedPort,
  fault: string | undefined,
  lostPorts: ReadonlySet<string>,
  lost: NameUsage['groups'],
): Row {
  const { protocol, port, torrents, paths, unservable } = used;
  const unusual = paths.filter((path) => path !== '/announce' && path !== '' && path !== '/');
  const shown = unusual.length === 0 ? '' : `, paths ${paths.slice(0, 3).join(' ')}`;
  const what = `${protocol} ${port} (${torrents} ${torrents === 1 ? 'torrent' : 'torrents'}${shown})`;
  if (unservable !== undefined) {
    const only = lost.filter(({ ports }) => ports.length === 0).reduce((sum, each) => sum + each.torrents, 0);
    return only === 0
      ? row(what, unservable, 'note', 'these torrents name a port that is served as well')
      : row(what, unservable, 'loses', `do not redirect the name: ${only} torrents announce nowhere else under it`);
  }
  if (fault === '') return ok(what, 'answers');
  if (lostPorts.has(`${protocol}:${port}`)) {
    const wayOut =
      protocol === 'https' ? 'add https to tracker.listen with a certificate for the name' : WAY_OUT_TRACKER;
    return row(what, fault ?? 'not tried', 'loses', wayOut);
  }
  return row(what, fault ?? 'not tried', 'note', 'these torrents name a port that is served as well');
}

async function sitePorts({ name, entry, facts }: NameToCheck, means: CheckMeans): Promise<Row[]> {
  const port = entry.port ?? 80;
  const fault = await faultOf(name, entry, { protocol: 'http', port }, means);
  const wayOut = `add port ${port} of that address to mirrorSite.listen, or forward it; until then the name is not redirected`;
  const plain = fault === undefined ? ok(`http ${port}`, 'answers') : row(`http ${port}`, fault, 'loses', wayOut);
  return [plain, ...(await siteHttps(name, entry, facts, means))];
}

async function siteHttps(
  name: string,
  entry: RedirectedName,
  facts: OriginalFacts | undefined,
  means: CheckMeans,
): Promise<Row[]> {
  if (facts === undefined) return [];
  if (facts.https === undefined) return [row('https 443', 'the original could not be asked', 'unknown', '')];
  if (!facts.https.answers) return [ok('https 443', 'the original has none')];
  const what = `https 443 (the original has it${facts.https.hsts ? ', with HSTS' : ''})`;
  const fault = await faultOf(name, entry, { protocol: 'https', port: 443 }, means);
  if (fault === undefined) return [ok(what, 'answers, with a certificate for the name')];
  if (entry.ignoresHttps) return [row(what, fault, 'note', 'nothing: https is "ignore" at the site')];
  const wayOut =
    'add https://…:443 to mirrorSite.listen with a trusted certificate for the name; until then the name is not redirected';
  return [row(what, fault, 'loses', wayOut)];
}

/** @returns undefined if one of the addresses serves the port; all of them are tried, because each is an answer */
async function faultOf(
  name: string,
  { target, addresses }: RedirectedName,
  { protocol, port }: AnnouncePort,
  means: CheckMeans,
): Promise<string | undefined> {
  const faults = await Promise.all(
    addresses.map(async (address) => {
      const fault = await means.tryPort(checkOf(name, target, { protocol, address, port }));
      return fault === undefined ? undefined : `${formatIp(address)}: ${fault}`;
    }),
  );
  const found = faults.filter((fault) => fault !== undefined);
  return found.length === 0 ? undefined : found.join(', ');
}

function aboutOriginal(check: NameToCheck, facts: OriginalFacts, means: CheckMeans): Row[] {
  const { name, entry } = check;
  return [
    ...ownAddresses(entry, facts),
    ...ipv6Row(entry, facts, means),
    ...signedRow(facts, means),
    ...(name === entry.zone && entry.target === 'mirror' ? mailRow(facts) : []),
    ...aliasRow(facts),
    ...(entry.target === 'tracker' ? denialRow(facts) : []),
  ];
}

function ownAddresses({ addresses }: RedirectedName, { ipv4 = [], ipv6 = [] }: OriginalFacts): Row[] {
  const originals = new Set([...ipv4, ...ipv6].map(formatIp));
  const same = addresses.map(formatIp).filter((address) => originals.has(address));
  if (same.length === 0) return [];
  return [row('addresses', `${same.join(', ')} is the original itself`, 'loses', 'give an address of your own')];
}

function ipv6Row({ addresses }: RedirectedName, { ipv6 }: OriginalFacts, means: CheckMeans): Row[] {
  if (ipv6 === undefined) return [row('AAAA', 'no resolver answered', 'unknown', 'check upstream.resolvers')];
  if (ipv6.length === 0 || addresses.some(({ family }) => family === 6)) return [];
  const wayOut = 'give an IPv6 address as well';
  return [
    row('AAAA', 'the original has one, the redirection does not', means.usersHaveIpv6 ? 'loses' : 'note', wayOut),
  ];
}

function signedRow({ signedZone }: OriginalFacts, { signedNames }: CheckMeans): Row[] {
  if (signedZone === undefined) return [row('DNSSEC', 'no resolver answered', 'unknown', 'check upstream.resolvers')];
  if (signedZone === null) return [];
  const signed = `${signedZone} is signed: clients that`;
  return signedNames === 'leave'
    ? [row('DNSSEC', `${signed} ask for signatures keep the original`, 'note', 'nothing: signedNames is "leave"')]
    : [row('DNSSEC', `${signed} validate refuse our answer`, 'loses', 'set dnsRedirect.signedNames: leave')];
}

function mailRow({ hasMx }: OriginalFacts): Row[] {
  if (hasMx !== false) return [];
  const found = 'the original has none, so mail for the name goes to its address (RFC 5321 section 5.1)';
  return [row('MX', found, 'note', 'mail from inside would reach the mirror site, which refuses it')];
}

function aliasRow({ cname }: OriginalFacts): Row[] {
  if (cname === undefined) return [];
  return [
    row(
      'CNAME',
      `the original is an alias of ${cname}`,
      'note',
      'resolvers that cache the alias go past us for its TTL',
    ),
  ];
}

function denialRow({ texts }: OriginalFacts): Row[] {
  if (texts === undefined || !deniesAll(texts)) return [];
  return [row('TXT', 'BITTORRENT DENY ALL (BEP 34)', 'loses', 'no client should announce there; remove the name')];
}
