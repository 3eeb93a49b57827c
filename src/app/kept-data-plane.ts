/**
 * The data plane under supervision: a thread that ends is started again with its last known settings, on the same ports,
 * with the swarms of the latest snapshot. Meanwhile the tracker is not ready, and questions about swarms are refused rather
 * than left waiting.
 */
import { ClientError, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { CostTable } from '../selection/cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import { createVitals } from '../threads/thread-vitals.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { AccessListData } from '../tracker/access-list.js';
import { type CountersView, createCounters } from '../tracker/counters.js';
import { DataPlane, type DataPlaneExplainQuery, type UpstreamNeeded } from '../tracker/data-plane.js';
import type { ListedSwarm, SwarmDetails, SwarmsQuery, UpstreamPeerData } from '../tracker/data-plane-messages.js';
import type { DataPlaneOptions, LiveOptions } from '../tracker/data-plane-options.js';
import type { ImportOutcome } from '../tracker/import-peers.js';
import { setSnapshotAside } from '../tracker/snapshot-file.js';
import type { BoundAddress, CertificatePair } from '../transport/transport.js';
import { Restarts, type SupervisionContext } from './supervision/restarts.js';

/** The part's name in readiness, by which the redirection withdraws its names, too. */
const PART = 'tracker';
/** After more consecutive failures the swarms that are loaded at each start are suspected. */
const SUSPECT_SNAPSHOT_AFTER = 3;

export class KeptDataPlane {
  /** As they were at the first start; a new start has the same, port by port. */
  readonly addresses: readonly BoundAddress[];
  /** How the thread is; the next thread goes on with it. */
  readonly vitals: SharedArrayBuffer;
  readonly #context: SupervisionContext;
  readonly #counters: SharedArrayBuffer;
  /** The options of the next start: as given, with what was set since. */
  #options: DataPlaneOptions;
  #kept: Uint8Array | undefined;
  #last: DataPlane;
  readonly supervision: Restarts;
  readonly #upstreamListeners = new Set<UpstreamNeeded>();

  /** @throws OperatorError where the first start fails: that is for the operator to repair */
  static async start(options: DataPlaneOptions, context: SupervisionContext): Promise<KeptDataPlane> {
    const vitals = createVitals();
    return new KeptDataPlane(await DataPlane.start(options, createCounters(), vitals), vitals, options, context);
  }

  private constructor(
    first: DataPlane,
    vitals: SharedArrayBuffer,
    options: DataPlaneOptions,
    context: SupervisionContext,
  ) {
    this.#last = first;
    this.vitals = vitals;
    this.#context = context;
    this.addresses = first.addresses;
    this.#counters = first.sharedCounters;
    const listen = options.listen.map((each, i) => ({ ...each, port: first.addresses[i]?.port ?? each.port }));
    this.#options = { ...options, listen };
    this.supervision = new Restarts(PART, context, (failures) => this.#startAgain(failures));
    this.#watch(first);
    this.#tell(first);
  }

  /** Ends a thread that does not answer any more; another one is started. */
  abandon(reason: Error): void {
    this.#last.abandon(reason);
  }

  /** False while the thread is down. */
  get isUp(): boolean {
    return this.supervision.isUp;
  }

  /** How often the thread was started again. */
  get restarts(): number {
    return this.supervision.count;
  }

  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.#options = { ...this.#options, topology, cost };
    this.#last.setPolicy(topology, cost);
  }

  /** See {@link DataPlane.setDensity}. @param cost the policy with the changes in it */
  setDensity(cost: CostTable, changes: Uint16Array): void {
    this.#options = { ...this.#options, cost };
    this.#last.setDensity(changes);
  }

  /** See {@link DataPlane.setCapability}. @param cost the policy with the changes in it */
  setCapability(cost: CostTable, changed: Int32Array): void {
    this.#options = { ...this.#options, cost };
    this.#last.setCapability(cost.reportedCapability, changed);
  }

  setAccess(access: AccessListData): void {
    this.#options = { ...this.#options, access };
    this.#last.setAccess(access);
  }

  /** See {@link DataPlane.setKept}. */
  setKept(hashes: Uint8Array): void {
    this.#kept = hashes;
    this.#last.setKept(hashes);
  }

  /** See {@link DataPlane.addUpstreamPeers}. Rejects while the thread is down, like the questions. */
  addUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly UpstreamPeerData[],
    ttlSeconds: number,
    own: readonly OwnEndpoint[],
  ): Promise<ImportOutcome> {
    return this.#ask((plane) => plane.addUpstreamPeers(infoHash, peers, ttlSeconds, own));
  }

  /** @returns unsubscribe */
  onUpstreamNeeded(listener: UpstreamNeeded): () => void {
    this.#upstreamListeners.add(listener);
    return () => void this.#upstreamListeners.delete(listener);
  }

  counters(): CountersView {
    return this.#last.counters();
  }

  /** @throws ClientError `unavailable` while the thread is down; so do the other questions */
  explain(query: DataPlaneExplainQuery): Promise<Explanation> {
    return this.#ask((plane) => plane.explain(query));
  }

  swarms(query: SwarmsQuery): Promise<readonly ListedSwarm[]> {
    return this.#ask((plane) => plane.swarms(query));
  }

  swarm(infoHash: InfoHash): Promise<SwarmDetails | null> {
    return this.#ask((plane) => plane.swarm(infoHash));
  }

  setOptions(options: LiveOptions): void {
    this.#options = { ...this.#options, ...options };
    if (this.isUp) this.#last.setOptions(options);
  }

  /** See {@link DataPlane.useCertificate}. */
  useCertificate(pair: CertificatePair): void {
    const listen = this.#options.listen.map((each) =>
      each.protocol === 'https' ? { ...each, tls: pair.material } : each,
    );
    this.#options = { ...this.#options, listen };
    if (this.isUp) this.#last.useCertificate(pair);
  }

  async stop(): Promise<void> {
    await this.supervision.stop();
    await this.#last.stop();
  }

  async #ask<T>(question: (plane: DataPlane) => Promise<T>): Promise<T> {
    const plane = this.#last;
    try {
      if (this.isUp) return await question(plane);
    } catch (thrown) {
      if (this.isUp && this.#last === plane) throw thrown;
    }
    throw new ClientError('unavailable', 'the tracker is being started again; ask again in a moment');
  }

  #watch(plane: DataPlane): void {
    const { logger } = this.#context;
    plane.onFault((error) => logger.error({ err: error }, `tracker: ${error.message}`));
    plane.onUpstreamNeeded((infoHash, family) => {
      for (const listener of this.#upstreamListeners) listener(infoHash, family);
    });
    plane.onEnd((reason) =>
      this.supervision.failed(reason, `the thread that answers peers has ended: ${messageOf(reason)}`),
    );
  }

  async #startAgain(failures: number): Promise<void> {
    // Its last snapshot may still be on its way to the file that the next one reads.
    await this.#last.stop().catch(() => {
      // It is logged; the next thread begins with an older one.
    });
    if (failures > SUSPECT_SNAPSHOT_AFTER) await this.#giveUpSnapshot();
    const given = this.#options;
    const plane = await DataPlane.start(given, this.#counters, this.vitals);
    this.#last = plane;
    this.#watch(plane);
    const { topology, cost, access } = this.#options;
    if (topology !== given.topology || cost !== given.cost) plane.setPolicy(topology, cost);
    if (access !== undefined && access !== given.access) plane.setAccess(access);
    const { deniedAddresses = [], upstreamWantedBelow = 0 } = this.#options;
    if (this.#options !== given) plane.setOptions({ deniedAddresses, upstreamWantedBelow });
    if (this.#kept !== undefined) plane.setKept(this.#kept);
    this.#tell(plane);
  }

  /** Swarms that bring the thread down again and again are not worth the tracker. */
  async #giveUpSnapshot(): Promise<void> {
    const { snapshotFile } = this.#options;
    if (snapshotFile === undefined) return;
    try {
      const aside = await setSnapshotAside(snapshotFile);
      this.#context.logger.error(
        `tracker: the snapshot of the swarms is left out, it may be the reason; kept as ${aside}`,
      );
    } catch {
      // There is none, or it cannot be moved: then the start shows what comes of it.
    }
  }

  /** What an operator wants to know of how the data plane began. */
  #tell({ transport, transportFallback, restored }: DataPlane): void {
    const { logger } = this.#context;
    if (transportFallback !== undefined) logger.warn(`tracker: the portable transport is used: ${transportFallback}`);
    logger.info(`tracker: transport ${transport}`);
    if (restored === null) return;
    const { damage, setAsideAs, peers, swarms } = restored;
    if (damage !== null)
      logger.error(`tracker: the snapshot of the swarms is damaged: ${damage}; kept as ${setAsideAs}`);
    logger.info(`tracker: ${peers} peers in ${swarms} swarms came back from the snapshot`);
  }
}
