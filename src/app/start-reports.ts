/** Density and capability intake: the service, who may report, and the pruning of old reports. */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { formatIp } from '../domain/ip-address.js';
import type { PlanLimits } from '../reports/accept-capability-report.js';
import { createSubdomainLookup } from '../reports/collectors/subdomain-lookup.js';
import { startPruning } from '../reports/prune-reports.js';
import { ReportsService } from '../reports/reports-service.js';
import { type ConfiguredTokens, TokenDirectory } from '../reports/token-directory.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { ReportsPruning } from '../store/sqlite/reports-pruning.js';
import { ReportsStore } from '../store/sqlite/reports-store.js';
import { TokensStore } from '../store/sqlite/tokens-store.js';
import type { Logger } from './logger.js';

export interface ReportsParts {
  readonly service: ReportsService;
  readonly directory: TokenDirectory;
  /** Takes the tokens and the plan of a reloaded configuration. */
  reload(): void;
  stop(): void;
}

export interface ReportsContext {
  readonly database: SqliteDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subdomainIds: () => ReadonlySet<string>;
  /** The configuration in force. */
  readonly config: () => Config;
}

export function startReports(context: ReportsContext): ReportsParts {
  const { database, clock, logger, config } = context;
  const directory = new TokenDirectory(tokensOf(config()), new TokensStore(database));
  let plan = planOf(config());
  const service = new ReportsService({
    store: new ReportsStore(database),
    clock,
    directory,
    isKnownSubdomain: (id) => context.subdomainIds().has(id),
    plan: {
      uplinkBpsMax: (address) => plan.uplinkBpsMax(address),
      isCache: (address) => plan.isCache(address),
    },
    freshMsMax: config().reports.freshnessMs,
  });
  service.start();
  const stopPruning = startPruning({
    pruning: new ReportsPruning(database),
    clock,
    rollUpsKeptMs: config().reports.historyMs,
    onError: (thrown) => logger.error({ err: thrown }, `old reports could not be pruned: ${messageOf(thrown)}`),
  });
  return {
    service,
    directory,
    reload: () => {
      plan = planOf(config());
      directory.reconfigure(tokensOf(config()));
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

/** What the plan of the sub-domain allows, else that of the whole network. Compiled: it is asked for every report. */
function planOf({ operator, reports }: Config): PlanLimits {
  const caches = new Set(operator.caches.map(({ address }) => formatIp(address)));
  const subdomains = 'file' in operator.subdomains ? [] : operator.subdomains;
  const uplinks = new Map(subdomains.map(({ id, uplinkBpsMax }) => [id, uplinkBpsMax]));
  const lookup = createSubdomainLookup(subdomains);
  return {
    isCache: (address) => caches.has(address),
    uplinkBpsMax: (address) => uplinks.get(lookup(address)?.subdomain ?? '') ?? reports.uplinkBpsMax,
  };
}
