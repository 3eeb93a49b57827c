/** The mirror site on its own listeners, with http, https or both. */
import { formatPath } from '../config-kit/config-problem.js';
import { listed } from '../config-kit/field-schemas.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatListenUrl } from '../net/listen-url.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import type { CertificateFiles } from '../net/tls/certificate-pair.js';
import { Certificates, readCertificatePairs } from '../net/tls/certificates.js';
import type { PartContext, PartListener, RunningPart } from '../part/part.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { ConnectionLimit } from './connection-limit.js';
import { type Identity, readIdentity } from './identity/identity.js';
import type { SwarmCounts } from './inner-counts.js';
import { type InsideRefreshOptions, refreshInsideCounts } from './inside-refresh.js';
import { type ReportedUplinks, supplyBps } from './inside-supply.js';
import type { MirrorSiteMeasures } from './metrics.js';
import { type MirrorSite, type MirrorSiteOptions, openMirrorSite } from './mirror-site.js';
import type { PassThrough } from './pass-through/pass-through.js';
import { announceUrlsOf, openStandIn } from './pass-through/stand-in.js';
import { UpgradeRequests } from './pass-through/upgrade-requests.js';
import { RequestCounts } from './request-counts.js';
import type { KeepOriginal } from './rewritten-torrents.js';
import type { MirrorSiteConfig, MirrorSiteSection } from './section.js';
import { openSiteListener, type SiteListener } from './site-listener.js';
import { SlowReaders } from './slow-readers.js';

/** The tracker drops a client that has not announced for this many intervals. */
const HELD_INTERVALS = 1.5;

/** What the application gives it of other parts. */
export interface MirrorSiteNeeds extends Pick<PartContext, 'clock' | 'log' | 'onListenerError' | 'isIpv6Only'> {
  readonly catalogue: Catalogue;
  /** What torrents are rewritten to where the configuration names nothing. */
  readonly trackerUrls: () => readonly string[];
  /** Why a torrent is not published; undefined if it may be. */
  readonly refusal: (infoHash: InfoHash) => string | undefined;
  /** Why the operator does not want a torrent; undefined for all others, also those that no list allows. */
  readonly denial: (infoHash: InfoHash) => string | undefined;
  /** Told of each torrent that passes and is rewritten, and of each private one that passes (BEP 27). */
  readonly torrentPassed: (infoHash: InfoHash) => void;
  readonly privateSeen: (infoHash: InfoHash) => void;
  /** Keeps connections to originals from this installation and the operator's networks. */
  readonly blockedReason: BlockedReason;
  /** The swarm as the tracker knows it; rejects while the tracker is down. */
  readonly swarm: (infoHash: InfoHash) => Promise<{ readonly inner: SwarmCounts } | null>;
  /** The swarms that somebody inside is in, a page at a time; rejects while the tracker is down. @param cursor 0: the first page */
  readonly innerSwarms: InsideRefreshOptions['innerSwarms'];
  /** Of the peers inside that have reported it. Rejects while the tracker is down. */
  readonly reportedUplinks: (infoHash: InfoHash) => Promise<ReportedUplinks>;
  /** Rewrites torrents outside of this thread. */
  readonly openRewriter: () => { readonly rewrite: MirrorSiteOptions['rewrite']; close(): Promise<void> };
}

export interface RunningMirrorSite extends RunningPart<MirrorSiteConfig> {
  measure(): MirrorSiteMeasures;
  /** The original trackers of a torrent that passed from an original site; empty if it is unknown. */
  passedTrackers(infoHash: InfoHash): readonly string[];
}

/** @param ports of an earlier start, in the order of `listen`, in place of the configured ones */
export async function startMirrorSite(
  config: MirrorSiteConfig,
  needs: MirrorSiteNeeds,
  ports: readonly number[] = [],
): Promise<RunningMirrorSite> {
  const section = config.mirrorSite;
  if (section === undefined) throw new Error('the mirror site is started only where it is configured');
  await needs.catalogue.warmUpSearch();
  const identity = await readIdentity(section);
  const certificates = await openCertificates(section, needs);
  const rewriter = needs.openRewriter();
  const standIn = openStandIn(config, section, needs, { rewrite: rewriter.rewrite, certificates });
  const { passThrough } = standIn;
  let site = pages(config, section, needs, { rewrite: rewriter.rewrite, passThrough, identity });
  const upgrades = new UpgradeRequests({
    visitToOriginal: (request, response) => site.visitToOriginal(request, response),
    passThrough,
    answer: (request, response) => site.answer(request, response),
  });
  let { usualUplinkBps } = section;
  const limit = new ConnectionLimit(section.limits.connectionsPerAddress, section.limits.maxConnections);
  const slowReaders = new SlowReaders();
  const requests = new RequestCounts();
  const listeners: SiteListener[] = [];
  const close = async (): Promise<void> => {
    certificates?.close();
    slowReaders.close();
    await Promise.all([...listeners.map((listener) => listener.close()), rewriter.close()]);
    await standIn.passThrough.close();
  };
  try {
    for (const [i, { value: listen, path }] of listed(section.listen).entries()) {
      const opened = await openSiteListener({
        listen,
        key: formatPath(['mirrorSite', 'listen', ...path]),
        port: ports[i],
        ipv6Only: needs.isIpv6Only(listen, 'tcp'),
        handler: requests.counting((request, response) => site.answer(request, response)),
        certificates,
        limit,
        slowReaders,
        onError: needs.onListenerError,
      });
      listeners.push(opened);
      upgrades.listenTo(opened.server);
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  const stopRefresh = startRefresh(needs, () => usualUplinkBps);
  return {
    listeners: listeners.map(shownListener),
    alarms: () => [...(certificates?.alarms() ?? []), ...standIn.alarms()],
    passedTrackers: (infoHash) => standIn.passThrough.torrents.trackersOf(infoHash),
    measure: () => ({
      requests: requests.counts,
      originals: standIn.passThrough.health,
      requestsToOriginals: standIn.passThrough.underWay,
      upgradedConnections: upgrades.count,
      connectionsOpen: limit.open,
      connectionsRefused: limit.refused,
      slowReadersEnded: slowReaders.ended,
      certificates: certificates?.expiries() ?? [],
    }),
    prepare: async (next) => {
      // Without its section it stays as it was until the restart.
      const nextSection = next.mirrorSite ?? section;
      const own = { identity: await readIdentity(nextSection), rewrite: rewriter.rewrite, passThrough };
      const nextSite = pages(next, nextSection, needs, own);
      const putInPlace = standIn.prepare(next, nextSection);
      const pairs = certificates && nextSection.tls && (await readCertificatePairs(filesOf(nextSection.tls)));
      return () => {
        site = nextSite;
        putInPlace();
        usualUplinkBps = nextSection.usualUplinkBps;
        if (pairs !== undefined) certificates?.use(pairs);
      };
    },
    stop: () => Promise.all([close(), stopRefresh()]),
  };
}

function shownListener({ protocol, host, port }: SiteListener): PartListener {
  const url = formatListenUrl({ protocol, host, port });
  return { host, port, url, about: 'the catalogue, torrents rewritten', connectCheck: true };
}

function startRefresh(needs: MirrorSiteNeeds, usualUplinkBps: () => number | undefined): () => Promise<void> {
  return refreshInsideCounts({
    catalogue: needs.catalogue,
    innerSwarms: needs.innerSwarms,
    read: (infoHashes) => readSwarms(needs.swarm, infoHashes),
    supply: async ({ infoHash }, counts) => supplyBps(counts, await needs.reportedUplinks(infoHash), usualUplinkBps()),
    clock: needs.clock,
    onError: (thrown) => needs.log.error({ err: thrown }, `mirror site: ${messageOf(thrown)}`),
  });
}

/** @throws OperatorError if a pair cannot be used */
async function openCertificates(
  { tls }: MirrorSiteSection,
  { clock }: MirrorSiteNeeds,
): Promise<Certificates | undefined> {
  if (tls === undefined) return undefined;
  return new Certificates(await readCertificatePairs(filesOf(tls)), { clock, key: 'mirrorSite.tls' });
}

function filesOf(tls: NonNullable<MirrorSiteSection['tls']>): CertificateFiles[] {
  return listed(tls).map(({ value }) => value);
}

function pages(
  { operator, tracker, crawler, dnsRedirect }: MirrorSiteConfig,
  { title, publicUrl, hstsSeconds, passThrough: mode, forwardedFor }: MirrorSiteSection,
  { catalogue, clock, refusal, trackerUrls, swarm, log }: MirrorSiteNeeds,
  {
    rewrite,
    passThrough,
    identity,
  }: Pick<MirrorSiteOptions, 'rewrite'> & { readonly passThrough: PassThrough; readonly identity: Identity },
): MirrorSite {
  return openMirrorSite({
    catalogue,
    clock,
    refusal,
    announceUrls: announceUrlsOf(tracker, trackerUrls),
    rewrite,
    passesAll: mode === true,
    passThrough: mode === 'off' ? undefined : passThrough,
    keepOriginal: keepOriginalOf(crawler),
    siteHosts: (dnsRedirect?.sites ?? []).map(({ name }) => name),
    title,
    publicUrl,
    hstsSeconds,
    operatorName: operator.name,
    identity,
    facts: {
      heldMinutes: Math.ceil((tracker.intervalMs * HELD_INTERVALS) / 60_000),
      countsRequests: crawler.sources.some(({ type }) => type === 'access-log'),
      passes:
        mode === 'off' || !dnsRedirect?.sites.length ? undefined : forwardedFor ? 'with-address' : 'without-address',
    },
    // While the tracker is down, a page is shown without counts.
    swarmCounts: (infoHashes) => readSwarms(swarm, infoHashes).catch(() => new Map()),
    onError: (thrown, url) => log.error({ err: thrown, url }, `mirror site: ${messageOf(thrown)}`),
  });
}

/** @throws while the tracker is down */
async function readSwarms(
  swarm: MirrorSiteNeeds['swarm'],
  infoHashes: readonly InfoHash[],
): Promise<Map<InfoHash, SwarmCounts>> {
  const counts = await Promise.all(infoHashes.map((infoHash) => swarm(infoHash)));
  return new Map(
    infoHashes.flatMap((infoHash, i): [InfoHash, SwarmCounts][] => {
      const known = counts[i];
      return known ? [[infoHash, known.inner]] : [];
    }),
  );
}

/** A source without the key, and torrents of a source that was removed, follow the crawler's own. */
function keepOriginalOf({ keepOriginalTrackers, sources }: MirrorSiteConfig['crawler']): KeepOriginal {
  const bySource = new Map(sources.map((source) => [source.name, source.keepOriginalTrackers]));
  return (source) => bySource.get(source) ?? keepOriginalTrackers;
}
