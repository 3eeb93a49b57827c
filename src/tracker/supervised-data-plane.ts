/**
 * The data plane as the other parts see it: one or several workers, each with a part of the swarms. Settings go to all of them;
 * a question about a swarm goes to its owner; what is asked of all swarms is put together from the answers of all.
 */
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import type { PartContext } from '../part/part.js';
import type { HoursData } from '../selection/border-limits.js';
import type { CostTable } from '../selection/cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import type { RolloutRules } from '../selection/household-groups.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { BoundAddress, CertificatePair } from '../transport/transport.js';
import type { AccessListData } from './access-list.js';
import type { CacheFill } from './cache-fills.js';
import { type CountersView, readCounters } from './counters.js';
import type { DataPlaneExplainQuery, UpstreamNeeded } from './data-plane.js';
import type {
  InnerSwarmsPage,
  ListedSwarm,
  SwarmDetails,
  SwarmsQuery,
  UpstreamPeerData,
} from './data-plane-messages.js';
import type { DataPlaneOptions, LiveOptions, Localisation } from './data-plane-options.js';
import { createWorkerMemory } from './data-plane-thread.js';
import type { ImportOutcome } from './import-peers.js';
import { type GroupCountsReading, readGroupCounts } from './swarm/group-tally.js';
import type { InnerPeer } from './swarm/inner-peers.js';
import { largestFirst } from './swarm-listing.js';
import { type TorrentBytes, takeTorrentTraffic } from './torrent-traffic.js';
import { TrafficReading } from './traffic-reading.js';
import { ownerOf } from './workers/owner.js';
import { type SharedByWorkers, shareBetweenWorkers } from './workers/shared-by-workers.js';
import { removeSnapshotsOfOtherCounts, snapshotsOfOtherCount } from './workers/snapshot-files.js';
import { SupervisedWorker } from './workers/supervised-worker.js';
import { optionsOfWorker } from './workers/worker-options.js';

type Context = Pick<PartContext, 'log' | 'supervise'>;

export class SupervisedDataPlane {
  /** Of the first start. A restart listens on the same addresses and ports. */
  readonly addresses: readonly BoundAddress[];
  /** In the order of their shares. */
  readonly workers: readonly SupervisedWorker[];

  readonly #shared: SharedByWorkers | null;

  /** @throws OperatorError if the first start fails: the operator has to repair the cause */
  static async start(options: DataPlaneOptions, context: Context): Promise<SupervisedDataPlane> {
    const { snapshotFile } = options;
    const shared = await shareBetweenWorkers(options, context.log);
    const count = shared?.count ?? 1;
    const earlierSnapshots = snapshotFile === undefined ? [] : await snapshotsOfOtherCount(snapshotFile, count);
    const starts = Array.from({ length: count }, (_, index) => {
      const own = optionsOfWorker({ ...options, earlierSnapshots }, { index, count });
      return shared === null
        ? SupervisedWorker.start(own, createWorkerMemory(), context)
        : SupervisedWorker.start(
            { ...own, ...shared.optionsOf(index) },
            { ...createWorkerMemory(), ...shared.memory },
            context,
            `worker ${index + 1}`,
          );
    });
    const started = await Promise.allSettled(starts);
    const failed = started.find((each) => each.status === 'rejected');
    const workers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    if (failed === undefined) return new SupervisedDataPlane(workers, shared, options, context);
    await Promise.allSettled(workers.map((worker) => worker.stop()));
    shared?.close();
    throw failed.reason;
  }

  private constructor(
    workers: readonly SupervisedWorker[],
    shared: SharedByWorkers | null,
    { snapshotFile }: DataPlaneOptions,
    context: Context,
  ) {
    this.workers = workers;
    this.#shared = shared;
    this.addresses = workers[0]!.addresses;
    if (snapshotFile !== undefined) this.#replaceEarlierSnapshots(snapshotFile, context);
  }

  /** False while one of the workers is down: its swarms get no answers. */
  get isUp(): boolean {
    return this.workers.every(({ isUp }) => isUp);
  }

  /** The number of restarts of all workers. */
  get restarts(): number {
    return this.workers.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  setPolicy(topology: TopologyData, cost: CostTable): void {
    for (const worker of this.workers) worker.setPolicy(topology, cost);
  }

  /** See {@link DataPlane.setHours}. @param cost the policy with the limits in it */
  setHours(cost: CostTable, hours: HoursData): void {
    for (const worker of this.workers) worker.setHours(cost, hours);
  }

  /** See {@link DataPlane.setDensity}. @param cost the policy with the changes in it */
  setDensity(cost: CostTable, changes: Uint16Array): void {
    for (const worker of this.workers) worker.setDensity(cost, changes);
  }

  /** See {@link DataPlane.setCapability}. @param cost the policy with the changes in it */
  setCapability(cost: CostTable, changed: Int32Array): void {
    for (const worker of this.workers) worker.setCapability(cost, changed);
  }

  /** See {@link DataPlane.setCacheFills}. */
  setCacheFills(fills: readonly CacheFill[]): void {
    for (const worker of this.workers) worker.setCacheFills(fills);
  }

  setAccess(access: AccessListData): void {
    for (const worker of this.workers) worker.setAccess(access);
  }

  /** See {@link DataPlane.setPinned}. */
  setPinned(hashes: Uint8Array): void {
    for (const worker of this.workers) worker.setPinned(hashes);
  }

  /** A torrent is known although the catalogue does not have it. */
  addPassed(infoHash: InfoHash): void {
    this.#ownerOf(infoHash).addPassed(infoHash);
  }

  /** See {@link DataPlane.setRollout}. */
  setRollout(rules: RolloutRules): void {
    for (const worker of this.workers) worker.setRollout(rules);
  }

  /** See {@link DataPlane.setLocalisation}. */
  setLocalisation(localisation: Localisation): void {
    for (const worker of this.workers) worker.setLocalisation(localisation);
  }

  setOptions(options: LiveOptions): void {
    for (const worker of this.workers) worker.setOptions(options);
  }

  /** See {@link DataPlane.useCertificate}. */
  useCertificate(pair: CertificatePair): void {
    for (const worker of this.workers) worker.useCertificate(pair);
  }

  /** Whether localisation is paused. */
  get localisation(): Localisation {
    return this.workers[0]!.localisation;
  }

  /** See {@link DataPlane.addUpstreamPeers}. @throws ClientError `unavailable` while the owner of the swarm is down */
  addUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly UpstreamPeerData[],
    ttlSeconds: number,
    own: readonly OwnEndpoint[],
    origin: string,
  ): Promise<ImportOutcome> {
    return this.#ownerOf(infoHash).addUpstreamPeers(infoHash, peers, ttlSeconds, own, origin);
  }

  /** See {@link DataPlane.removeUpstreamPeers}. @throws ClientError `unavailable` while the owner of the swarm is down */
  removeUpstreamPeers(
    infoHash: InfoHash,
    peers: readonly Omit<UpstreamPeerData, 'seed'>[] | null,
    origin: string | null,
  ): Promise<number> {
    return this.#ownerOf(infoHash).removeUpstreamPeers(infoHash, peers, origin);
  }

  /** @returns unsubscribe */
  onUpstreamNeeded(listener: UpstreamNeeded): () => void {
    const leave = this.workers.map((worker) => worker.onUpstreamNeeded(listener));
    return () => {
      for (const each of leave) each();
    };
  }

  counters(): CountersView {
    return readCounters(...this.workers.map(({ memory }) => memory.counters));
  }

  /** See {@link DataPlane.traffic}. */
  traffic(): TrafficReading {
    return new TrafficReading(...this.workers.map(({ memory }) => memory.traffic));
  }

  /** The peers that announce here, by locality group; null until they have been counted once. */
  groupCounts(): GroupCountsReading | null {
    return readGroupCounts(this.workers.map(({ memory }) => memory.groups));
  }

  /** What localised clients have downloaded since the last call, by torrent. */
  takeTorrentTraffic(): TorrentBytes[] {
    return this.workers.flatMap(({ memory }) => takeTorrentTraffic(memory.torrents));
  }

  /** @throws ClientError `unavailable` while the owner of the swarm is down, as {@link swarm} does */
  explain(query: DataPlaneExplainQuery): Promise<Explanation> {
    return this.#ownerOf(query.infoHash).explain(query);
  }

  swarm(infoHash: InfoHash): Promise<SwarmDetails | null> {
    return this.#ownerOf(infoHash).swarm(infoHash);
  }

  innerPeers(infoHash: InfoHash, limit: number): Promise<readonly InnerPeer[]> {
    return this.#ownerOf(infoHash).innerPeers(infoHash, limit);
  }

  /** The largest swarms of all workers. @throws ClientError `unavailable` while a worker is down */
  async swarms(query: SwarmsQuery): Promise<readonly ListedSwarm[]> {
    const lists = await Promise.all(this.workers.map((worker) => worker.swarms(query)));
    return this.workers.length === 1 ? lists[0]! : largestFirst(lists.flat(), query);
  }

  /** See {@link DataPlane.innerSwarms}. The pages of one worker follow those of another. */
  async innerSwarms(cursor: number): Promise<InnerSwarmsPage> {
    const count = this.workers.length;
    const asked = Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0;
    const index = asked % count;
    const page = await this.workers[index]!.innerSwarms(Math.floor(asked / count));
    if (page.cursor !== undefined) return { ...page, cursor: page.cursor * count + index };
    return { ...page, cursor: index + 1 < count ? index + 1 : undefined };
  }

  /** See {@link DataPlane.stillInNeed}. @throws ClientError `unavailable` while a worker that is asked is down */
  async stillInNeed(infoHashes: readonly InfoHash[]): Promise<readonly InfoHash[]> {
    const answers = await Promise.all(
      this.workers.map((worker) => {
        const own = infoHashes.filter((infoHash) => this.#ownerOf(infoHash) === worker);
        return own.length === 0 ? [] : worker.stillInNeed(own);
      }),
    );
    const inNeed = new Set(answers.flat());
    return infoHashes.filter((infoHash) => inNeed.has(infoHash));
  }

  async stop(): Promise<void> {
    const stopped = await Promise.allSettled(this.workers.map((worker) => worker.stop()));
    this.#shared?.close();
    const failed = stopped.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #ownerOf(infoHash: InfoHash): SupervisedWorker {
    return this.workers[ownerOf(infoHashToBytes(infoHash), 0, this.workers.length)]!;
  }

  /** Once every worker has saved its swarms, the snapshots of another number of workers hold nothing more. */
  #replaceEarlierSnapshots(file: string, { log }: Context): void {
    const waiting = new Set(this.workers);
    for (const worker of this.workers) {
      worker.onSnapshot(() => {
        if (!waiting.delete(worker) || waiting.size > 0) return;
        // A damaged one is kept for whoever looks into it.
        const isDamaged = this.workers.some(({ damage }) => damage !== null);
        removeSnapshotsOfOtherCounts(file, this.workers.length, isDamaged).catch((error: Error) =>
          log.error({ err: error }, `tracker: snapshots of another number of workers stay: ${error.message}`),
        );
      });
    }
  }
}
