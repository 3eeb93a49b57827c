/** The data plane as a part: started with the configuration and the policy, reloaded, and asked by the other parts. */
import { type Alarm, alarm } from '../domain/alarm.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { ListenUrl } from '../net/listen-url.js';
import type { Apply, PartContext, PartListener, RunningPart } from '../part/part.js';
import type { CostTable } from '../selection/cost-table.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { TopologyData } from '../topology/topology-table.js';
import { readCertificate } from '../transport/portable/certificate.js';
import type { AccessListData } from './access-list.js';
import type { TrackerView } from './api/tracker-routes.js';
import { type TrackerViewNeeds, trackerView } from './api/tracker-view.js';
import { accessListOf, hashBytes, type TorrentLists, torrentListsOf } from './configured-access.js';
import { dataPlaneOptions, liveOptions, tlsMaterial } from './configured-options.js';
import { type CoveredPorts, NOTHING_COVERED, openablePorts } from './cover-ports.js';
import type { Localisation, RolloutOptions } from './data-plane-options.js';
import { type ForeignPeer, importForeignPeers } from './import-foreign-peers.js';
import type { ImportOutcome } from './import-peers.js';
import type { TrackerConfig } from './section.js';
import { SupervisedDataPlane } from './supervised-data-plane.js';
import { UnknownOriginals } from './unknown/unknown-originals.js';

/** Compiled from topology, prices and reports; sent to the data plane whenever it changes. */
export interface PolicyOfTracker {
  readonly current: { readonly topology: TopologyData; readonly cost: CostTable };
  sendTo(dataPlane: SupervisedDataPlane): void;
}

export interface TrackerNeeds extends Pick<PartContext, 'log' | 'supervise' | 'isIpv6Only'>, TrackerViewNeeds {
  readonly policy: () => PolicyOfTracker & ReturnType<TrackerViewNeeds['policy']>;
  readonly catalogue: Pick<Catalogue, 'namesOf' | 'allInfoHashes' | 'decisions'>;
  /** Where torrents announce to redirected names and nothing of these listens; read where `coverPorts` is set. */
  readonly portsToCover: (listen: readonly ListenUrl[]) => Promise<readonly ListenUrl[]>;
  /** Who is given the localised answer. */
  readonly rollout: () => RolloutOptions;
  /** The operator has paused localisation: answers are drawn at random. */
  readonly localisationPaused: () => boolean;
  /** Called when it is paused or resumed. @returns unsubscribe */
  readonly onLocalisationPause: (listener: () => void) => () => void;
  /** Of the random choices. */
  readonly seed: number;
}

export class RunningTracker implements RunningPart<TrackerConfig> {
  readonly dataPlane: SupervisedDataPlane;
  readonly view: TrackerView;
  readonly #needs: TrackerNeeds;
  /** In force. */
  #config: TrackerConfig;
  #lists: TorrentLists;
  readonly #covered: CoveredPorts;
  readonly #originals = new UnknownOriginals();
  #unsubscribe = (): void => {};

  /** @throws OperatorError if the first start fails: the operator has to repair the cause */
  static async start(given: TrackerConfig, needs: TrackerNeeds): Promise<RunningTracker> {
    const covered = given.tracker.coverPorts
      ? await openablePorts(await needs.portsToCover(given.tracker.listen))
      : NOTHING_COVERED;
    for (const problem of covered.problems) needs.log.error(problem);
    const config = withListeners(given, covered.listen);
    const lists = torrentListsOf(config.tracker);
    const access = accessOf(config, lists, needs);
    const { isIpv6Only, seed } = needs;
    const policy = needs.policy().current;
    const localisation = (): Localisation => (needs.localisationPaused() ? 'paused' : 'on');
    const compiled = dataPlaneOptions(config, { policy, access, isIpv6Only, rollout: needs.rollout(), seed });
    const options = { ...compiled, localisation: localisation() };
    const running = new RunningTracker(config, lists, covered, needs, await SupervisedDataPlane.start(options, needs));
    running.#unsubscribe = needs.onLocalisationPause(() => running.dataPlane.setLocalisation(localisation()));
    running.#keepCatalogue();
    needs.policy().sendTo(running.dataPlane);
    return running;
  }

  private constructor(
    config: TrackerConfig,
    lists: TorrentLists,
    covered: CoveredPorts,
    needs: TrackerNeeds,
    dataPlane: SupervisedDataPlane,
  ) {
    this.#config = config;
    this.#covered = covered;
    this.#lists = lists;
    this.#needs = needs;
    this.dataPlane = dataPlane;
    this.view = trackerView(dataPlane, config.tracker, needs);
    // Before any other listener, which then finds the original.
    dataPlane.onUpstreamNeeded((infoHash, _family, original) => {
      if (original !== undefined) this.#originals.add(infoHash, original);
    });
  }

  get listeners(): readonly PartListener[] {
    return this.dataPlane.addresses.map((address) => ({
      ...address,
      url: `${address.protocol}://${formatEndpoint(address)}`,
      about: 'announce and scrape',
    }));
  }

  get limits(): TrackerConfig['tracker']['limits'] {
    return this.#config.tracker.limits;
  }

  get threads(): SupervisedDataPlane['workers'] {
    return this.dataPlane.workers;
  }

  /** The torrents that the configuration in force lists. */
  get lists(): TorrentLists {
    return this.#lists;
  }

  /** The original trackers that clients of an unknown torrent mean; empty unless `unknownTorrents` is `exchange`. */
  originalsOf(infoHash: InfoHash): readonly string[] {
    return this.#config.tracker.unknownTorrents === 'exchange' ? this.#originals.of(infoHash) : [];
  }

  /** A torrent has passed through the mirror site, so it is known. */
  torrentPassed(infoHash: InfoHash): void {
    this.dataPlane.addPassed(infoHash);
  }

  /** Takes the torrents of the catalogue and the decisions on them again. */
  catalogueChanged(): void {
    this.dataPlane.setAccess(accessOf(this.#config, this.#lists, this.#needs));
    this.#keepCatalogue();
  }

  /** See {@link importForeignPeers}. @throws ClientError `unavailable` while the tracker restarts */
  importPeers(
    infoHash: InfoHash,
    peers: readonly ForeignPeer[],
    ttlSeconds: number,
    origin: string,
  ): Promise<ImportOutcome> {
    return importForeignPeers(this.#config, this.dataPlane, infoHash, peers, ttlSeconds, origin);
  }

  /** See {@link SupervisedDataPlane.removeUpstreamPeers}. @throws ClientError `unavailable` while the tracker restarts */
  removeImported(
    infoHash: InfoHash,
    peers: readonly Pick<ForeignPeer, 'address' | 'port'>[] | null,
    origin: string | null,
  ): Promise<number> {
    const named = peers?.map(({ address, port }) => ({ family: address.family, words: address.words, port }));
    return this.dataPlane.removeUpstreamPeers(infoHash, named ?? null, origin);
  }

  /** Ports that `coverPorts` cannot open. */
  alarms(): readonly Alarm[] {
    return this.#covered.problems.map((problem) => alarm('ports-not-covered', { subject: problem, text: problem }));
  }

  async prepare(given: TrackerConfig): Promise<Apply> {
    const next = withListeners(given, this.#covered.listen);
    const lists = torrentListsOf(next.tracker);
    const access = accessOf(next, lists, this.#needs);
    const options = liveOptions(next);
    const certificate = next.tracker.tls && (await readCertificate(tlsMaterial(next.tracker.tls)));
    return () => {
      this.#config = next;
      this.#lists = lists;
      this.dataPlane.setAccess(access);
      this.dataPlane.setOptions(options);
      if (certificate) this.dataPlane.useCertificate(certificate);
    };
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.dataPlane.stop();
  }

  /** Torrents of the catalogue keep their count of downloads while nobody announces them. */
  #keepCatalogue(): void {
    this.dataPlane.setPinned(hashBytes(this.#needs.catalogue.allInfoHashes()));
  }
}

function withListeners(config: TrackerConfig, more: readonly ListenUrl[]): TrackerConfig {
  if (more.length === 0) return config;
  return { ...config, tracker: { ...config.tracker, listen: [...config.tracker.listen, ...more] } };
}

function accessOf({ tracker }: TrackerConfig, lists: TorrentLists, { catalogue }: TrackerNeeds): AccessListData {
  const denied = catalogue.decisions().filter(({ decision }) => decision === 'deny');
  return accessListOf(
    tracker,
    lists,
    () => catalogue.allInfoHashes(),
    denied.map(({ infoHash }) => infoHash),
  );
}
