/**
 * The data plane, kept alive: where its thread ends by a defect, it is started again with what it last was told, on the
 * same ports, with the swarms of the latest snapshot. Each failure in a row doubles the wait; meanwhile the tracker is not
 * ready, and questions about swarms are refused rather than left waiting.
 */
import type { Clock } from '../domain/clock.js';
import { ClientError, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { CostTable } from '../selection/cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { AccessListData } from '../tracker/access-list.js';
import type { CountersView } from '../tracker/counters.js';
import { DataPlane, type DataPlaneExplainQuery, type UpstreamNeeded } from '../tracker/data-plane.js';
import type { ListedSwarm, SwarmDetails, SwarmsQuery, UpstreamPeerData } from '../tracker/data-plane-messages.js';
import type { DataPlaneOptions } from '../tracker/data-plane-options.js';
import { setSnapshotAside } from '../tracker/snapshot-file.js';
import type { BoundAddress } from '../transport/transport.js';
import type { Health } from './health.js';
import type { Logger } from './logger.js';
import { restartWaitMs, STEADY_MS, SUSPECT_SNAPSHOT_AFTER } from './restart-waits.js';

export interface KeptDataPlaneContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Pick<Health, 'report'>;
}

/** The part's name in readiness, by which the redirection withdraws its names, too. */
const PART = 'tracker';

export class KeptDataPlane {
  /** As they were at the first start; a new start has the same, port by port. */
  readonly addresses: readonly BoundAddress[];
  readonly #context: KeptDataPlaneContext;
  readonly #counters: SharedArrayBuffer;
  /** The options of the next start: as given, with what was set since. */
  #options: DataPlaneOptions;
  #kept: Uint8Array | undefined;
  #last: DataPlane;
  #isUp = true;
  #restarts = 0;
  #failures = 0;
  #startedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #stopped = false;
  readonly #upstreamListeners: UpstreamNeeded[] = [];

  /** @throws OperatorError where the first start fails: that is for the operator to repair */
  static async start(options: DataPlaneOptions, context: KeptDataPlaneContext): Promise<KeptDataPlane> {
    return new KeptDataPlane(await DataPlane.start(options), options, context);
  }

  private constructor(first: DataPlane, options: DataPlaneOptions, context: KeptDataPlaneContext) {
    this.#last = first;
    this.#context = context;
    this.addresses = first.addresses;
    this.#counters = first.sharedCounters;
    const listen = options.listen.map((each, i) => ({ ...each, port: first.addresses[i]?.port ?? each.port }));
    this.#options = { ...options, listen };
    this.#startedAtMs = context.clock.nowMs();
    this.#watch(first);
    this.#tell(first);
  }

  /** False while the thread is down. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** How often the thread was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  setPolicy(topology: TopologyData, cost: CostTable): void {
    this.#options = { ...this.#options, topology, cost };
    if (this.#isUp) this.#last.setPolicy(topology, cost);
  }

  /** See {@link DataPlane.setDensity}. @param cost the policy with the changes in it */
  setDensity(cost: CostTable, changes: Uint16Array): void {
    this.#options = { ...this.#options, cost };
    if (this.#isUp) this.#last.setDensity(changes);
  }

  /** See {@link DataPlane.setCapability}. @param cost the policy with the changes in it */
  setCapability(cost: CostTable, changed: Int32Array): void {
    this.#options = { ...this.#options, cost };
    if (this.#isUp) this.#last.setCapability(cost.reportedCapability, changed);
  }

  setAccess(access: AccessListData): void {
    this.#options = { ...this.#options, access };
    if (this.#isUp) this.#last.setAccess(access);
  }

  /** See {@link DataPlane.setKept}. */
  setKept(hashes: Uint8Array): void {
    this.#kept = hashes;
    if (this.#isUp) this.#last.setKept(hashes);
  }

  /** While the thread is down they are lost: whoever needs them asks again. */
  addUpstreamPeers(infoHash: InfoHash, peers: readonly UpstreamPeerData[], ttlSeconds: number): void {
    if (this.#isUp) this.#last.addUpstreamPeers(infoHash, peers, ttlSeconds);
  }

  onUpstreamNeeded(listener: UpstreamNeeded): void {
    this.#upstreamListeners.push(listener);
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

  /** A new start reads them by itself. */
  async reloadCertificates(): Promise<void> {
    if (this.#isUp) await this.#last.reloadCertificates();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#starting;
    await this.#last.stop();
  }

  async #ask<T>(question: (plane: DataPlane) => Promise<T>): Promise<T> {
    const plane = this.#last;
    try {
      if (this.#isUp) return await question(plane);
    } catch (thrown) {
      if (this.#isUp && this.#last === plane) throw thrown;
    }
    throw new ClientError('unavailable', 'the tracker is being started again; ask again in a moment');
  }

  #watch(plane: DataPlane): void {
    const { logger } = this.#context;
    plane.onFault((error) => logger.error({ err: error }, `tracker: ${error.message}`));
    plane.onUpstreamNeeded((infoHash, family) => {
      for (const listener of this.#upstreamListeners) listener(infoHash, family);
    });
    plane.onEnd((reason) => {
      if (this.#stopped) return;
      this.#isUp = false;
      if (this.#context.clock.nowMs() - this.#startedAtMs >= STEADY_MS) this.#failures = 0;
      this.#startLater(reason);
    });
  }

  #startLater(reason: unknown): void {
    const waitMs = restartWaitMs(this.#failures);
    this.#failures++;
    const what = `the thread that answers peers has ended: ${messageOf(reason)}`;
    const { logger, health } = this.#context;
    health.report(PART, what);
    logger.error({ err: reason }, `tracker: ${what}; it is started again in ${waitMs / 1_000} s`);
    this.#timer = setTimeout(() => {
      this.#starting = this.#startAgain();
    }, waitMs);
  }

  async #startAgain(): Promise<void> {
    const { logger, health, clock } = this.#context;
    try {
      // Its last snapshot may still be on its way to the file that the next one reads.
      await this.#last.stop();
      if (this.#failures > SUSPECT_SNAPSHOT_AFTER) await this.#giveUpSnapshot();
      const given = this.#options;
      const plane = await DataPlane.start(given, this.#counters);
      this.#last = plane;
      this.#startedAtMs = clock.nowMs();
      this.#watch(plane);
      this.#isUp = true;
      this.#restarts++;
      const { topology, cost, access } = this.#options;
      if (topology !== given.topology || cost !== given.cost) plane.setPolicy(topology, cost);
      if (access !== undefined && access !== given.access) plane.setAccess(access);
      if (this.#kept !== undefined) plane.setKept(this.#kept);
      health.report(PART, undefined);
      logger.warn('tracker: peers are answered again');
      this.#tell(plane);
    } catch (thrown) {
      if (!this.#stopped) this.#startLater(thrown);
    }
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
