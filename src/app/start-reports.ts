/** Density and capability intake: the service, who may report, and the pruning of old reports. */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { formatIp, parseIp, prefixContains } from '../domain/ip-address.js';
import { startPruning } from '../reports/prune-reports.js';
import { ReportsService } from '../reports/reports-service.js';
import { TokenDirectory } from '../reports/token-directory.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { ReportsPruning } from '../store/sqlite/reports-pruning.js';
import { ReportsStore } from '../store/sqlite/reports-store.js';
import { TokensStore } from '../store/sqlite/tokens-store.js';
import type { Logger } from './logger.js';

export interface ReportsParts {
  readonly service: ReportsService;
  readonly directory: TokenDirectory;
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
  const { reports, control, upstream } = config();
  const directory = new TokenDirectory(
    {
      controlToken: control?.token,
      probes: reports.probes,
      upstreams: upstream.originalTrackers,
    },
    new TokensStore(database),
  );
  const service = new ReportsService({
    store: new ReportsStore(database),
    clock,
    directory,
    isKnownSubdomain: (id) => context.subdomainIds().has(id),
    plan: {
      uplinkBpsMax: (address) => uplinkOf(config(), address),
      isCache: (address) => config().operator.caches.some((cache) => formatIp(cache.address) === address),
    },
  });
  service.start();
  const stopPruning = startPruning({
    pruning: new ReportsPruning(database),
    clock,
    onError: (thrown) => logger.error({ err: thrown }, `old reports could not be pruned: ${messageOf(thrown)}`),
  });
  return {
    service,
    directory,
    stop: () => {
      stopPruning();
      service.stop();
    },
  };
}

/** What the plan of the sub-domain allows, else that of the whole network. */
function uplinkOf(config: Config, addressText: string): number {
  const { subdomains } = config.operator;
  if ('file' in subdomains) return config.reports.uplinkBpsMax;
  const address = parseIp(addressText);
  let best = -1;
  let { uplinkBpsMax } = config.reports;
  for (const subdomain of subdomains) {
    for (const prefix of subdomain.prefixes) {
      if (prefix.length <= best || !prefixContains(prefix, address)) continue;
      best = prefix.length;
      uplinkBpsMax = subdomain.uplinkBpsMax ?? config.reports.uplinkBpsMax;
    }
  }
  return uplinkBpsMax;
}
