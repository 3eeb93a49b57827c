/**
 * One worker of the data plane under supervision. When its thread ends, another one is started with the last known settings, on
 * the same ports, with the swarms of the latest snapshot. Until it runs the tracker is not ready, and questions about its swarms
 * are refused at once.
 */
import { counted } from '../../domain/counted.js';
import { ClientError, messageOf } from '../../domain/errors.js';
import { forgetOldest } from '../../domain/forget-oldest.js';
import type { InfoHash } from '../../domain/info-hash.js';
import type { OwnEndpoint } from '../../domain/own-addresses.js';
import type { PartContext, PartThread, Supervision } from '../../part/part.js';
import type { HoursData } from '../../selection/border-limits.js';
import type { CostTable } from '../../selection/cost-table.js';
import type { Explanation } from '../../selection/explanation.js';
import type { RolloutRules } from '../../selection/household-groups.js';
import type { TopologyData } from '../../topology/topology-table.js';
import type { BoundAddress, CertificatePair } from '../../transport/transport.js';
import type { AccessListData } from '../access-list.js';
import type { CacheFill } from '../cache-fills.js';
import { hashBytes } from '../configured-access.js';
import { DataPlane, type DataPlaneExplainQuery, type UpstreamNeeded } from '../data-plane.js';
import type {
  InnerSwarmsPage,
  ListedSwarm,
  SwarmDetails,
  SwarmsQuery,
  UpstreamPeerData,
} from '../data-plane-messages.js';
import type { DataPlaneOptions, LiveOptions, Localisation } from '../data-plane-options.js';
import type { WorkerMemory } from '../data-plane-thread.js';
import type { ImportOutcome } from '../import-peers.js';
import { setSnapshotAside } from '../snapshot-file.js';
import type { InnerPeer } from '../swarm/inner-peers.js';
import { NOTHING_REDIRECTED } from '../unknown/redirected-trackers.js';
import { MAX_PASSED } from '../unknown/unknown-torrents.js';

/** After more consecutive failures the snapshot, which each start loads, may be the cause. */
const SUSPECT_SNAPSHOT_AFTER = 3;

type Context = Pick<PartContext, 'log' | 'supervise'>;

export class SupervisedWorker implements PartThread {
  /** Of the first start. A restart listens on the same addresses and ports. */
  readonly addresses: readonly BoundAddress[];
  /** A restarted thread continues with it. */
  readonly memory: WorkerMemory;
  readonly #context: Context;
  /** Before its messages in the log. */
  readonly #name: string;
  /** The options of the next start: those of the first one, with all later changes. */
  #options: DataPlaneOptions;
  #pinned: Uint8Array | undefined;
  #hours: { readonly data: HoursData; readonly atMs: number } | undefined;
  readonly #passed = new Set<InfoHash>();
  #cacheFills: readonly CacheFill[] = [];
  /** The thread that runs, or the one that ended last. */
  #current: DataPlane;
  readonly supervision: Supervision;
  readonly #upstreamListeners = new Set<UpstreamNeeded>();
  readonly #snapshotListeners: (() => void)[] = [];

  /**
   * @param options of this worker alone
   * @param member its name in the log if there are several: `worker 2`
   * @throws OperatorError if the first start fails: the operator has to repair the cause
   */
  static async start(
    options: DataPlaneOptions,
    memory: WorkerMemory,
    context: Context,
    member?: string,
  ): Promise<SupervisedWorker> {
    return new SupervisedWorker(await DataPlane.start(options, memory), memory, options, context, member);
  }

  private constructor(
    first: DataPlane,
    memory: WorkerMemory,
    options: DataPlaneOptions,
    context: Context,
    member: string | undefined,
  ) {
    this.#current = first;
    this.memory = memory;
    this.#context = context;
    this.#name = member === undefined ? 'tracker' : `tracker ${member}`;
    this.addresses = first.addresses;
    const listen = options.listen.map((each, i) => ({ ...each, port: first.addresses[i]?.port ?? each.port }));
    this.#options = { ...options, listen };
    this.supervision = context.supervise((failures) => this.#restart(failures), member);
    this.#watch(first);
    this.#logStart(first);
  }

  get vitals(): SharedArrayBuffer {
    return this.memory.vitals;
  }

  /** Ends a thread that is stuck. Another one is started. */
  abandon(reason: Error): void {
    this.#current.abandon(reason);
  }

  /** False while the thread is down. */
  get isUp(): boolean {
    return this.supervision.isUp;
  }

  /** The number of restarts. */
  get restarts(): number {
    return this.supervision.count;
  }

  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.#options = { ...this.#options, topology, cost };
    this.#current.setPolicy(topology, cost);
  }

  /** See {@link DataPlane.setHours}. @param cost the policy with the limits in it */
  setHours(cost: CostTable, hours: HoursData): void {
    this.#options = { ...this.#options, cost };
    this.#hours = { data: hours, atMs: performance.now() };
    this.#current.setHours(hours);
  }

  /** See {@link DataPlane.setDensity}. @param cost the policy with the changes in it */
  setDensity(cost: CostTable, changes: Uint16Array): void {
    this.#options = { ...this.#options, cost };
    this.#current.setDensity(changes);
  }

  /** See {@link DataPlane.setCapability}. @param cost the policy with the changes in it */
  setCapability(cost: CostTable, changed: Int32Array): void {
    this.#options = { ...this.#options, cost };
    this.#current.setCapability(cost.reportedCapability, changed);
  }

  /** See {@link DataPlane.setCacheFills}. */
  setCacheFills(fills: readonly CacheFill[]): void {
    this.#cacheFills = fills;
    this.#current.setCacheFills(fills);
  }

  setAccess(access: AccessListData): void {
    this.#options = { ...this.#options, access };
    this.#current.setAccess(access);
  }

  /** See {@link DataPlane.setPinned}. */
  setPinned(hashes: Uint8Array): void {
    this.#pinned = hashes;
    this.#current.setPinned(hashes);
  }

  /** A torrent is known although the catalogue does not have it. */
  addPassed(infoHash: InfoHash): void {
    if (this.#passed.has(infoHash)) return;
    this.#passed.add(infoHash);
    forgetOldest(this.#passed, MAX_PASSED);
    this.#current.addPassed(hashBytes([infoHash]));
  }

  /** See {@link DataPlane.addUpstreamPeers}. @throws ClientError `unavailable` while the thread is down */
  addUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly UpstreamPeerData[],
    ttlSeconds: number,
    own: readonly OwnEndpoint[],
    origin: string,
  ): Promise<ImportOutcome> {
    return this.#ask((plane) => plane.addUpstreamPeers(infoHash, peers, ttlSeconds, own, origin));
  }

  /** See {@link DataPlane.removeUpstreamPeers}. @throws ClientError `unavailable` while the thread is down */
  removeUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly Omit<UpstreamPeerData, 'seed'>[] | null,
    origin: string | null,
  ): Promise<number> {
    return this.#ask((plane) => plane.removeUpstreamPeers(infoHash, peers, origin));
  }

  /** Called each time that the worker's swarms have been saved. */
  onSnapshot(listener: () => void): void {
    this.#snapshotListeners.push(listener);
  }

  /** The first snapshot that could not be read in full was kept. Null: nothing was wrong. */
  get damage(): string | null {
    return this.#current.restored?.damage ?? null;
  }

  /** @returns unsubscribe */
  onUpstreamNeeded(listener: UpstreamNeeded): () => void {
    this.#upstreamListeners.add(listener);
    return () => void this.#upstreamListeners.delete(listener);
  }

  /** See {@link DataPlane.setRollout}. */
  setRollout(rules: RolloutRules): void {
    const key = this.#options.rollout?.key;
    if (key !== undefined) this.#options = { ...this.#options, rollout: { ...rules, key } };
    this.#current.setRollout(rules);
  }

  /** See {@link DataPlane.setLocalisation}. */
  setLocalisation(localisation: Localisation): void {
    this.#options = { ...this.#options, localisation };
    this.#current.setLocalisation(localisation);
  }

  /** Whether localisation is paused. */
  get localisation(): Localisation {
    return this.#options.localisation ?? 'on';
  }

  /** @throws ClientError `unavailable` while the thread is down, as {@link swarms} and {@link swarm} do */
  explain(query: DataPlaneExplainQuery): Promise<Explanation> {
    return this.#ask((plane) => plane.explain(query));
  }

  swarms(query: SwarmsQuery): Promise<readonly ListedSwarm[]> {
    return this.#ask((plane) => plane.swarms(query));
  }

  swarm(infoHash: InfoHash): Promise<SwarmDetails | null> {
    return this.#ask((plane) => plane.swarm(infoHash));
  }

  /** See {@link DataPlane.innerSwarms}. */
  innerSwarms(cursor: number): Promise<InnerSwarmsPage> {
    return this.#ask((plane) => plane.innerSwarms(cursor));
  }

  innerPeers(infoHash: InfoHash, limit: number): Promise<readonly InnerPeer[]> {
    return this.#ask((plane) => plane.innerPeers(infoHash, limit));
  }

  /** See {@link DataPlane.stillInNeed}. @throws ClientError `unavailable` while the thread is down */
  stillInNeed(infoHashes: readonly InfoHash[]): Promise<readonly InfoHash[]> {
    return this.#ask((plane) => plane.stillInNeed(infoHashes));
  }

  setOptions(options: LiveOptions): void {
    this.#options = { ...this.#options, ...options };
    if (this.isUp) this.#current.setOptions(options);
  }

  /** See {@link DataPlane.useCertificate}. */
  useCertificate(pair: CertificatePair): void {
    const listen = this.#options.listen.map((each) =>
      each.protocol === 'https' ? { ...each, tls: pair.material } : each,
    );
    this.#options = { ...this.#options, listen };
    if (this.isUp) this.#current.useCertificate(pair);
  }

  async stop(): Promise<void> {
    await this.supervision.stop();
    await this.#current.stop();
  }

  async #ask<T>(question: (plane: DataPlane) => Promise<T>): Promise<T> {
    const plane = this.#current;
    try {
      if (this.isUp) return await question(plane);
    } catch (thrown) {
      if (this.isUp && this.#current === plane) throw thrown;
    }
    throw new ClientError('unavailable', 'the tracker is restarting; ask again in a moment', { retryAfterSeconds: 1 });
  }

  #watch(plane: DataPlane): void {
    const { log } = this.#context;
    plane.onFault((error) => log.error({ err: error }, `${this.#name}: ${error.message}`));
    plane.onSnapshot(() => {
      for (const listener of this.#snapshotListeners) listener();
    });
    plane.onUpstreamNeeded((infoHash, family, original) => {
      for (const listener of this.#upstreamListeners) listener(infoHash, family, original);
    });
    plane.onEnd((reason) =>
      this.supervision.failed(reason, `the thread that answers peers has ended: ${messageOf(reason)}`),
    );
  }

  async #restart(failures: number): Promise<void> {
    // The ended thread's last snapshot may still be being written, and the next thread reads it.
    await this.#current.stop().catch(() => {
      // Logged where it failed. The next thread starts with an older snapshot.
    });
    if (failures > SUSPECT_SNAPSHOT_AFTER) await this.#setSnapshotAside();
    const given = this.#options;
    // Clients wait: they get slow answers sooner than the warm-up would take.
    const plane = await DataPlane.start({ ...given, warmUp: false }, this.memory);
    this.#current = plane;
    this.#watch(plane);
    const { topology, cost, access } = this.#options;
    if (topology !== given.topology || cost !== given.cost) plane.setPolicy(topology, cost);
    if (access !== undefined && access !== given.access) plane.setAccess(access);
    const { rollout, localisation } = this.#options;
    if (rollout !== undefined && rollout !== given.rollout) plane.setRollout(rollout);
    if (localisation !== given.localisation) plane.setLocalisation(this.localisation);
    if (this.#options !== given) plane.setOptions(liveOptionsOf(this.#options));
    if (this.#pinned !== undefined) plane.setPinned(this.#pinned);
    if (this.#hours !== undefined) plane.setHours(hoursLater(this.#hours.data, performance.now() - this.#hours.atMs));
    plane.addPassed(hashBytes([...this.#passed]));
    plane.setCacheFills(this.#cacheFills);
    this.#logStart(plane);
  }

  /** Better a tracker without its swarms than none. */
  async #setSnapshotAside(): Promise<void> {
    const { snapshotFile } = this.#options;
    if (snapshotFile === undefined) return;
    try {
      const aside = await setSnapshotAside(snapshotFile);
      this.#context.log.error(
        `${this.#name}: the snapshot of the swarms may be the cause; it is not loaded, and kept as ${aside}`,
      );
    } catch {
      // The file does not exist or cannot be moved. The start reports a snapshot that it cannot read.
    }
  }

  /** Logs the transport and what came back from the snapshot. */
  #logStart({ transport, transportFallback, restored }: DataPlane): void {
    const { log } = this.#context;
    if (transportFallback !== undefined)
      log.warn(`${this.#name}: the portable transport is used: ${transportFallback}`);
    log.info(`${this.#name}: transport ${transport}`);
    if (restored === null) return;
    const { damage, setAsideAs, peers, swarms } = restored;
    if (damage !== null) {
      const kept = setAsideAs === null ? '' : `; kept as ${setAsideAs}`;
      log.error(`${this.#name}: the snapshot of the swarms is damaged: ${damage}${kept}`);
    }
    log.info(`${this.#name}: ${counted(peers, 'peer')} in ${counted(swarms, 'swarm')} restored from the snapshot`);
  }
}

function hoursLater(hours: HoursData, passedMs: number): HoursData {
  return { ...hours, returnInMs: hours.returnInMs === null ? null : hours.returnInMs - passedMs };
}

function liveOptionsOf({
  deniedAddresses = [],
  upstreamWantedBelow = 0,
  ownEndpoints = [],
  redirectedTrackers = NOTHING_REDIRECTED,
}: DataPlaneOptions): LiveOptions {
  return { deniedAddresses, upstreamWantedBelow, ownEndpoints, redirectedTrackers };
}
