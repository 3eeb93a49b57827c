/** The intake of density and capability reports: the service, its tokens, and the pruning of old reports. */
import { type ConfiguredTokens, TokenDirectory } from '../control-api/token-directory.js';
import { UsedSignatures } from '../control-api/used-signatures.js';
import type { Alarm } from '../domain/alarm.js';
import { messageOf } from '../domain/errors.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { ReportsPruning } from '../store/sqlite/reports-pruning.js';
import { ReportsStore } from '../store/sqlite/reports-store.js';
import { SignaturesStore } from '../store/sqlite/signatures-store.js';
import { TokensStore } from '../store/sqlite/tokens-store.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';
import { capabilityLimits } from './capability-limits.js';
import { FIRST_REPORT_MS } from './limits.js';
import { probeAlarms } from './probe-alarms.js';
import { startPruning } from './prune-reports.js';
import { ReportsService } from './reports-service.js';
import type { ReportsConfig } from './section.js';

/** The address plan in force. */
export interface AddressPlan {
  readonly subdomains: readonly SubdomainPrefixes[];
  readonly subdomainIds: ReadonlySet<string>;
  readonly compiled: { describe(address: string): { readonly operator: string } };
  /** Calls `prepare` before a reload or a changed file puts another plan in force. */
  beforeChange(prepare: (config: ReportsConfig, plan: Pick<AddressPlan, 'subdomains'>) => readonly Apply[]): void;
}

export interface ReportsNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly database: SqliteDatabase;
  readonly topology: () => AddressPlan;
}

export class RunningReports implements RunningPart<ReportsConfig> {
  readonly listeners = [];
  readonly service: ReportsService;
  readonly directory: TokenDirectory;
  readonly #needs: ReportsNeeds;
  #config: ReportsConfig;
  #stopPruning = (): void => {};
  /** When each probe was seen first since the start. */
  #knownSinceMs = new Map<string, number>();

  constructor(config: ReportsConfig, needs: ReportsNeeds) {
    const { database, clock } = needs;
    const plan = needs.topology();
    this.#needs = needs;
    this.#config = config;
    const signatures = new SignaturesStore(database);
    const used = new UsedSignatures(signatures.load(clock.nowMs()), (each) => this.service.rememberSignature(each));
    this.directory = new TokenDirectory(tokensOf(config), new TokensStore(database), used);
    let limits = capabilityLimits(config, plan.subdomains);
    this.service = new ReportsService({
      signatures,
      store: new ReportsStore(database),
      clock,
      directory: this.directory,
      isKnownSubdomain: (id) => plan.subdomainIds.has(id),
      plan: {
        uplinkBpsMax: (address) => limits.uplinkBpsMax(address),
        isCache: (address) => limits.isCache(address),
        isInner: (address) => plan.compiled.describe(address).operator === 'own',
      },
      freshMsMax: () => this.#config.reports.freshnessMs,
    });
    plan.beforeChange((next, { subdomains }) => {
      const nextLimits = capabilityLimits(next, subdomains);
      return [
        () => {
          this.#config = next;
          limits = nextLimits;
          this.directory.reconfigure(tokensOf(next));
        },
      ];
    });
  }

  /** Of the probes. Those that are late, or have a wrong clock, are only shown. */
  alarms(): Alarm[] {
    const nowMs = this.#needs.clock.nowMs();
    const probes = this.service.probes(nowMs);
    // A probe that was removed and comes back is a new one.
    this.#knownSinceMs = new Map(probes.map(({ probe }) => [probe, this.#knownSinceMs.get(probe) ?? nowMs]));
    const graceMs = Math.max(FIRST_REPORT_MS, this.#config.reports.freshnessMs);
    return probes.flatMap((view) =>
      probeAlarms(view, nowMs, { knownMs: nowMs - this.#knownSinceMs.get(view.probe)!, graceMs }),
    );
  }

  /** Starts to expire and prune old reports. May be called again after `stop`. */
  start(): void {
    const { database, clock, log } = this.#needs;
    this.service.start();
    this.#stopPruning = startPruning({
      pruning: new ReportsPruning(database),
      clock,
      rollUpsKeptMs: () => this.#config.reports.historyMs,
      onError: (thrown) => log.error({ err: thrown }, `old reports could not be pruned: ${messageOf(thrown)}`),
    });
  }

  /** The topology hands over each new configuration with its address plan. */
  prepare(): Apply {
    return () => {};
  }

  stop(): void {
    this.#stopPruning();
    this.service.stop();
  }
}

function tokensOf({ control, reports, upstream, crawler }: ReportsConfig): ConfiguredTokens {
  const sites = crawler.sources.flatMap(({ name, token }) => (token === undefined ? [] : [{ name, token }]));
  return {
    controlToken: control?.token,
    viewerToken: control?.viewerToken,
    probes: reports.probes,
    upstreams: upstream.originalTrackers,
    sites,
  };
}
