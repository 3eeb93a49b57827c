/** Makes the intake of density and capability reports: the service, its tokens, and the pruning of old reports. */
import type { Config } from '../config/config-schema.js';
import { type ConfiguredTokens, TokenDirectory } from '../control-api/token-directory.js';
import { UsedSignatures } from '../control-api/used-signatures.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { Apply } from '../part/part.js';
import { startPruning } from '../reports/prune-reports.js';
import { ReportsService } from '../reports/reports-service.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { ReportsPruning } from '../store/sqlite/reports-pruning.js';
import { ReportsStore } from '../store/sqlite/reports-store.js';
import { SignaturesStore } from '../store/sqlite/signatures-store.js';
import { TokensStore } from '../store/sqlite/tokens-store.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';
import { capabilityLimits } from './capability-limits.js';

export interface ReportsParts {
  readonly service: ReportsService;
  readonly directory: TokenDirectory;
  /** Tokens, plan, freshness and history. @param subdomains of the topology that will be in force */
  prepare(config: Config, subdomains: readonly SubdomainPrefixes[]): Apply;
  /** Starts to expire and prune old reports. May be called again after `stop`. */
  start(): void;
  stop(): void;
}

export interface ReportsContext {
  readonly database: SqliteDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subdomainIds: () => ReadonlySet<string>;
  readonly subdomains: () => readonly SubdomainPrefixes[];
  /** Whether an address belongs to the operator, by the topology in force. */
  readonly isInner: (address: string) => boolean;
  /** At the start. */
  readonly config: Config;
}

export function createReports(context: ReportsContext): ReportsParts {
  const { database, clock, logger } = context;
  let config = context.config;
  const signatures = new SignaturesStore(database);
  const used = new UsedSignatures(signatures.load(clock.nowMs()), (each) => service.rememberSignature(each));
  const directory = new TokenDirectory(tokensOf(config), new TokensStore(database), used);
  let plan = capabilityLimits(config, context.subdomains());
  const service: ReportsService = new ReportsService({
    signatures,
    store: new ReportsStore(database),
    clock,
    directory,
    isKnownSubdomain: (id) => context.subdomainIds().has(id),
    plan: {
      uplinkBpsMax: (address) => plan.uplinkBpsMax(address),
      isCache: (address) => plan.isCache(address),
      isInner: context.isInner,
    },
    freshMsMax: () => config.reports.freshnessMs,
  });
  let stopPruning = (): void => {};
  return {
    service,
    directory,
    prepare: (next, subdomains) => {
      const nextPlan = capabilityLimits(next, subdomains);
      return () => {
        config = next;
        plan = nextPlan;
        directory.reconfigure(tokensOf(next));
      };
    },
    start: () => {
      service.start();
      stopPruning = startPruning({
        pruning: new ReportsPruning(database),
        clock,
        rollUpsKeptMs: () => config.reports.historyMs,
        onError: (thrown) => logger.error({ err: thrown }, `old reports could not be pruned: ${messageOf(thrown)}`),
      });
    },
    stop: () => {
      stopPruning();
      service.stop();
    },
  };
}

function tokensOf({ control, reports, upstream }: Config): ConfiguredTokens {
  return { controlToken: control?.token, probes: reports.probes, upstreams: upstream.originalTrackers };
}
