/** Rules between the keys of `tracker`. */
import type { Report } from '../config-kit/config-part.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatListenUrl } from '../net/listen-url.js';
import { classifyPath, PATH_ANNOUNCE } from '../wire/http-path.js';
import { MAX_PEERS_AND_TORRENTS, type TrackerConfig } from './section.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** A client announces to exactly the protocol and port of the URL; something must listen there. */
function announceUrlsAreServed(config: TrackerConfig, report: Report): void {
  const { announceUrls, listen } = config.tracker;
  announceUrls.forEach((text, i) => {
    const url = new URL(text);
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
    const path: ConfigPath = ['tracker', 'announceUrls', i];
    if (port === undefined) {
      report(path, `"${text}" has no port; UDP has no default, write e.g. udp://${url.hostname}:6969/announce`);
    } else if (
      !listen.some((each) => each.port === 0 || (`${each.protocol}:` === url.protocol && each.port === port))
    ) {
      const served = listen.map(formatListenUrl).join(', ');
      report(
        path,
        `no entry of tracker.listen serves ${url.protocol.replace(':', '')} on port ${port} (it has ${served})`,
      );
    }
    if (url.protocol !== 'udp:' && !isAnnouncePath(url.pathname)) {
      const message = `clients find no scrape URL for "${url.pathname}" (BEP 48); end the path with /announce`;
      report(path, message);
    }
  });
  if (announceUrls.length === 0 && config.crawler.sources.length > 0) {
    const message =
      'is missing; the crawler writes these URLs into torrents, e.g. ["udp://alias.example.net:6969/announce"]';
    report(['tracker', 'announceUrls'], message);
  }
}

function isAnnouncePath(path: string): boolean {
  const bytes = Buffer.from(path);
  return classifyPath(bytes, 0, bytes.length) === PATH_ANNOUNCE;
}

function storeFits(config: TrackerConfig, report: Report): void {
  const { maxPeers, maxTorrents } = config.tracker.limits;
  if (maxPeers + maxTorrents <= MAX_PEERS_AND_TORRENTS) return;
  report(
    ['tracker', 'limits', 'maxPeers'],
    `maxPeers and maxTorrents together must not exceed ${MAX_PEERS_AND_TORRENTS}: the store holds no more; lower one of them`,
  );
}

/** The portable transport cannot give each datagram to the worker that has its swarm. */
function workersFit({ tracker: { workers, transport } }: TrackerConfig, report: Report): void {
  if (workers === 'auto' || workers === 1 || transport !== 'portable') return;
  report(['tracker', 'workers'], 'several workers need the Linux transport; write "transport: auto", or one worker');
}

function numWantFits(config: TrackerConfig, report: Report): void {
  const { numWantDefault, numWantMax, minIntervalMs, intervalMs } = config.tracker;
  if (numWantDefault > numWantMax) {
    report(['tracker', 'numWantDefault'], `${numWantDefault} is more than numWantMax (${numWantMax})`);
  }
  if (minIntervalMs > intervalMs) {
    report(['tracker', 'minInterval'], 'is longer than tracker.interval; clients would never be on time');
  }
}

function proxyProtocolHasProxies(config: TrackerConfig, report: Report): void {
  const { proxyProtocol, listen, trustedProxies } = config.tracker;
  const known = listen.map(formatListenUrl);
  proxyProtocol.map(formatListenUrl).forEach((url, i) => {
    const path: ConfigPath = ['tracker', 'proxyProtocol', i];
    if (!known.includes(url)) report(path, `${url} is not an entry of tracker.listen (it has ${known.join(', ')})`);
    if (trustedProxies.length > 0) return;
    report(path, 'needs tracker.trustedProxies: nobody else may connect where a PROXY header comes first');
  });
}

function httpsHasACertificate({ tracker }: TrackerConfig, report: Report): void {
  const index = tracker.listen.findIndex((each) => each.protocol === 'https');
  if (index >= 0 && !tracker.tls)
    report(['tracker', 'listen', index], 'https needs tracker.tls with certificate and key');
}

/** `exchange` needs torrents that are served without being known, and a tracker to ask. */
function unknownTorrentsCanBe({ tracker, upstream, dnsRedirect }: TrackerConfig, report: Report): void {
  if (tracker.unknownTorrents === 'track') return;
  const path: ConfigPath = ['tracker', 'unknownTorrents'];
  if ((dnsRedirect?.trackers ?? []).length === 0) {
    report(
      path,
      `${tracker.unknownTorrents} concerns names in dnsRedirect.trackers, and there are none; list them, or write track`,
    );
  }
  if (tracker.unknownTorrents !== 'exchange') return;
  if (tracker.torrents.mode === 'catalogue') {
    report(
      path,
      'tracker.torrents: catalogue refuses torrents that are not in the catalogue; write torrents: open, or track here',
    );
  }
  if (!upstream.exchange) {
    report(
      path,
      'exchange asks original trackers, which upstream.exchange: false switches off; write true there, or track here',
    );
  }
}

export const trackerChecks = [
  announceUrlsAreServed,
  numWantFits,
  storeFits,
  workersFit,
  httpsHasACertificate,
  proxyProtocolHasProxies,
  unknownTorrentsCanBe,
] as const;
