/** `topology`: who an address is to the running configuration, which data that rests on, and bringing new data in. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { createLogger } from '../../app/logger.js';
import { TopologySource } from '../../app/topology-source.js';
import type { Config } from '../../config/config-schema.js';
import { formatIp, type IpAddress, parseIp } from '../../domain/ip-address.js';
import { compileCostTable } from '../../selection/compile-cost-table.js';
import { GroupRegistry, memoryGroupStore } from '../../topology/group-registry.js';
import { importTopologyFile } from '../../topology/import-topology-file.js';
import { IMPORT_KINDS, type ImportKind } from '../../topology/load-topology-file.js';
import type { CliContext } from '../cli-context.js';
import { formatTable } from '../table.js';

interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface ImportOptions extends CommonOptions {
  readonly as: ImportKind;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const DAY_MS = 86_400_000;

export function registerTopologyCommand(program: Command, context: CliContext): void {
  const topology = program.command('topology').description('who is who in the network: look up, list, bring data in');
  const withCommon = (command: Command): Command =>
    command
      .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
      .option('--json', 'print JSON');
  withCommon(topology.command('lookup').argument('<address...>').description('say who these addresses are')).action(
    (addresses: string[], options: CommonOptions) => lookup(addresses.map(parseIp), options, context),
  );
  withCommon(topology.command('files').description('list the data files in use with their age')).action(
    (options: CommonOptions) => files(options, context),
  );
  withCommon(topology.command('import').argument('<file>').description('bring a data file in'))
    .addOption(new Option('--as <kind>', 'what the file is').choices(IMPORT_KINDS).makeOptionMandatory())
    .option('--force', 'import also a file that would drop more than half of what is known')
    .option('--dry-run', 'only say what would change')
    .action((file: string, options: ImportOptions) => importFile(file, options, context));
}

async function lookup(addresses: readonly IpAddress[], options: CommonOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const source = await openSource(config);
  const cost = compileCostTable({
    version: 1,
    nowMs: context.clock.nowMs(),
    groups: source.compiled.groups,
    ownAsns: source.ownAsns,
    billing: config.billing,
    relationships: source.relationships,
    mix: config.selection,
    weights: config.selection,
    caches: [],
    density: new Map(),
    densityFreshnessSeconds: 1,
    capability: new Map(),
  });
  const answers = addresses.map((address) => {
    // The numbers of groups belong to a data directory; here they are made up anew, so they are not shown.
    const { group, ...facts } = source.compiled.describe(address);
    const { ratePerGigabyte, relationship, neighbour, viaAsn } = cost.describeGroup(group);
    return { address: formatIp(address), ...facts, relationship, ratePerGigabyte, neighbour, viaAsn };
  });
  context.stdout.write(
    options.json
      ? `${JSON.stringify(answers)}\n`
      : formatTable(
          ['ADDRESS', 'KIND', 'AS', 'OPERATOR', 'SUB-DOMAIN', 'RELATIONSHIP', `${config.billing.currency}/GB`],
          answers.map((answer) => [
            answer.address,
            answer.kind,
            answer.asn === 0 ? '-' : `AS${answer.asn}`,
            answer.operator,
            answer.subdomain ?? '-',
            answer.viaAsn === undefined ? answer.relationship : `${answer.relationship} through AS${answer.viaAsn}`,
            answer.ratePerGigabyte,
          ]),
        ),
  );
}

async function files(options: CommonOptions, context: CliContext): Promise<void> {
  const source = await openSource(context.loadConfig(options.config));
  const list = source.status().map(({ modifiedAtMs, ...rest }) => ({
    ...rest,
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    ageDays: Math.floor((context.clock.nowMs() - modifiedAtMs) / DAY_MS),
  }));
  context.stdout.write(
    options.json
      ? `${JSON.stringify(list)}\n`
      : formatTable(
          ['KIND', 'WRITTEN', 'DAYS', 'FILE'],
          list.map((file) => [file.kind, file.modifiedAt, file.ageDays, file.path]),
        ),
  );
}

async function importFile(file: string, options: ImportOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const { plan, path } = await importTopologyFile({
    directory: join(config.storage.directory, 'topology'),
    file,
    kind: options.as,
    force: options.force === true,
    dryRun: options.dryRun === true,
  });
  if (options.json) {
    context.stdout.write(`${JSON.stringify({ path: path ?? null, ...plan, refusal: plan.refusal ?? null })}\n`);
    return;
  }
  context.stdout.write(
    formatTable(
      ['WHAT', 'BEFORE', 'AFTER'],
      plan.measures.map(({ what, before, after }) => [what, before, after]),
    ),
  );
  if (plan.ipv4Addresses !== undefined) {
    const { added, removed, moved } = plan.ipv4Addresses;
    context.stdout.write(`IPv4 addresses: ${added} added, ${removed} removed, ${moved} to another AS\n`);
  }
  if (path === undefined) {
    context.stdout.write(plan.refusal === undefined ? 'would be imported\n' : `would be refused: ${plan.refusal}\n`);
  } else {
    context.stdout.write(`imported as ${path}; a running tracker takes it over by itself, or at once on SIGHUP\n`);
  }
}

function openSource(config: Config): Promise<TopologySource> {
  return TopologySource.open(config, new GroupRegistry(memoryGroupStore()), createLogger('silent'));
}
