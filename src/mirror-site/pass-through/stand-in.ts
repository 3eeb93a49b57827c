/** The pass-through as a running mirror site has it: made of the configuration and of what other parts give. */
import type { Alarm } from '../../domain/alarm.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { configuredResolvers } from '../../net/configured-resolvers.js';
import { createNameResolver, systemResolvers } from '../../net/name-resolver.js';
import type { BlockedReason } from '../../net/outbound-rules.js';
import type { Certificates } from '../../net/tls/certificates.js';
import type { PartContext } from '../../part/part.js';
import type { Catalogue } from '../../store/sqlite/catalogue.js';
import type { Rewrite } from '../rewritten-torrents.js';
import type { MirrorSiteConfig, MirrorSiteSection } from '../section.js';
import { PassThrough, type PassThroughSettings } from './pass-through.js';

export interface StandInNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly catalogue: Pick<Catalogue, 'get'>;
  readonly blockedReason: BlockedReason;
  readonly refusal: (infoHash: InfoHash) => string | undefined;
  readonly denial: (infoHash: InfoHash) => string | undefined;
  readonly trackerUrls: () => readonly string[];
  readonly torrentPassed: (infoHash: InfoHash) => void;
  readonly privateSeen: (infoHash: InfoHash) => void;
}

export interface StandIn {
  readonly passThrough: PassThrough;
  alarms(): Alarm[];
  /** @returns puts the configuration in force */
  prepare(next: MirrorSiteConfig, section: MirrorSiteSection): () => void;
}

export function openStandIn(
  config: MirrorSiteConfig,
  section: MirrorSiteSection,
  needs: StandInNeeds,
  { rewrite, certificates }: { readonly rewrite: Rewrite; readonly certificates: Certificates | undefined },
): StandIn {
  const { clock, log, catalogue, blockedReason, refusal, denial, trackerUrls, torrentPassed, privateSeen } = needs;
  let current = config;
  const configured = configuredResolvers(config);
  const resolver = createNameResolver(configured.length > 0 ? configured : systemResolvers(), clock);
  const isServed = (infoHash: InfoHash): boolean => {
    if (refusal(infoHash) !== undefined) return false;
    return current.tracker.torrents.mode !== 'catalogue' || catalogue.get(infoHash) !== undefined;
  };
  const passThrough = new PassThrough({
    settings: settingsOf(config, section, trackerUrls),
    clock,
    log,
    rewrite,
    denial,
    isServed,
    torrentPassed,
    privateSeen,
    resolve: (name) => resolver.addresses(name),
    blockedReason,
    servesHttps: (host) => certificates?.contextFor(host) !== undefined,
  });
  return {
    passThrough,
    alarms: () => passThrough.health.alarms((current.dnsRedirect?.sites ?? []).map(({ name }) => name)),
    prepare: (next, nextSection) => {
      const settings = settingsOf(next, nextSection, trackerUrls);
      return () => {
        current = next;
        passThrough.use(settings);
      };
    },
  };
}

/** What torrents are rewritten to: where the configuration names nothing, where the tracker really is. */
export function announceUrlsOf(
  { announceUrls }: MirrorSiteConfig['tracker'],
  trackerUrls: () => readonly string[],
): readonly string[] {
  return announceUrls.length > 0 ? announceUrls : trackerUrls();
}

function settingsOf(
  { operator, tracker, crawler }: MirrorSiteConfig,
  { passThroughOptOut, forwardedFor, banner }: MirrorSiteSection,
  trackerUrls: () => readonly string[],
): PassThroughSettings {
  return {
    optOut: passThroughOptOut,
    ownNetworks: operator.networks.flatMap(({ prefixes }) => prefixes),
    announceUrls: announceUrlsOf(tracker, trackerUrls),
    keepOriginal: crawler.keepOriginalTrackers,
    forwardedFor,
    banner,
  };
}
