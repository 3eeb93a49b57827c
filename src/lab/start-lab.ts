/**
 * The lab: simulates the rest of the world on one machine, so that everything can be tried without contacting anybody.
 * It has an original site, the original tracker of its torrents, a far seed, and the resolver that knows their real
 * addresses.
 */
import type { Config } from '../config/config-schema.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { type Endpoint, formatEndpoint } from '../net/endpoint.js';
import { type ForeignSeed, startForeignSeed } from './foreign-seed.js';
import { type LabTorrent, loadLabTorrents } from './lab-torrents.js';
import { type NameServer, startNameServer } from './name-server.js';
import { type OriginalSite, startOriginalSite } from './original-site.js';
import { type OriginalTracker, startOriginalTracker } from './original-tracker.js';

export type LabServices = NonNullable<Config['labServices']>;

export interface LabAddress {
  readonly part: 'lab';
  readonly url: string;
  readonly about: string;
}

export interface Lab {
  readonly torrents: readonly LabTorrent[];
  readonly site: OriginalSite;
  readonly tracker: OriginalTracker;
  readonly resolver: NameServer;
  readonly seed: ForeignSeed;
  readonly addresses: readonly LabAddress[];
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** @throws OperatorError if an address is in use, or does not belong to this machine */
export async function startLab(services: LabServices, options: { logger?: LabLogger } = {}): Promise<Lab> {
  const running: Stoppable[] = [];
  const started = async <T extends Stoppable>(what: string, listen: Endpoint, start: Promise<T>): Promise<T> => {
    try {
      const part = await start;
      running.push(part);
      return part;
    } catch (thrown) {
      throw new OperatorError(
        `the lab's ${what} cannot listen on ${formatEndpoint(listen)}: ${messageOf(thrown)}; is a lab already running? (labServices in the configuration sets the addresses)`,
        { code: 'cannot-listen', cause: thrown },
      );
    }
  };
  const stop = async (): Promise<void> => {
    while (running.length > 0) await running.pop()!.stop();
  };
  try {
    const { originalSite, originalTracker } = services;
    const tracker = await started(
      'original tracker',
      originalTracker.listen,
      startOriginalTracker(originalTracker.listen),
    );
    const authority = `${originalTracker.name}:${tracker.endpoint.port}`;
    const torrents = loadLabTorrents([`udp://${authority}/announce`, `http://${authority}/announce`]);
    const site = await started(
      'original site',
      originalSite.listen[0]!,
      startOriginalSite({ listen: originalSite.listen, name: originalSite.name, torrents }),
    );
    const hosts = new Map([
      [originalSite.name, site.endpoints[0]!.host],
      [originalTracker.name, tracker.endpoint.host],
    ]);
    const resolver = await started('resolver', services.resolver, startNameServer(services.resolver, hosts));
    const onAnnounceError = (thrown: unknown): void => {
      options.logger?.warn({ part: 'lab' }, `the far seed could not announce: ${messageOf(thrown)}`);
    };
    const seed = await started(
      'far seed',
      services.seed,
      startForeignSeed(services.seed, tracker.endpoint, torrents, onAnnounceError),
    );
    const addresses: LabAddress[] = [
      ...site.endpoints.map((each) => ({
        part: 'lab' as const,
        url: `http://${formatEndpoint(each)}/feed.xml`,
        about: `the original site, ${originalSite.name}`,
      })),
      {
        part: 'lab',
        url: `udp+http://${formatEndpoint(tracker.endpoint)}`,
        about: `the original tracker, ${originalTracker.name}`,
      },
      { part: 'lab', url: `dns://${formatEndpoint(resolver.endpoint)}`, about: 'the resolver past the redirection' },
      { part: 'lab', url: `peer://${formatEndpoint(seed.endpoint)}`, about: 'a far seed with the real files' },
    ];
    return { torrents, site, tracker, resolver, seed, addresses, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** The only method that the lab calls. */
export interface LabLogger {
  warn(fields: object, message: string): void;
}
