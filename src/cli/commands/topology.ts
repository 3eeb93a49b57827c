/** `topology`: shows who owns an address in the running configuration and on which data, and imports new data. */
import { type Command, Option } from 'commander';
import { unknownSubdomains } from '../../app/known-subdomains.js';
import type { Config } from '../../config/config-schema.js';
import { formatPath } from '../../config-kit/config-problem.js';
import { formatIp, type IpAddress, parseIp } from '../../domain/ip-address.js';
import { createLogger } from '../../logging/logger.js';
import { compileCostTable } from '../../selection/compile-cost-table.js';
import { subdomainProblems } from '../../topology/check-subdomains.js';
import { GroupRegistry, memoryGroupStore } from '../../topology/group-registry.js';
import { importTopologyFile, undoTopologyImport } from '../../topology/import-topology-file.js';
import { IMPORT_KINDS, type ImportKind, type TopologyFileContent } from '../../topology/load-topology-file.js';
import { TopologySource, topologyImportDirectory } from '../../topology/topology-source.js';
import type { CliContext } from '../cli-context.js';
import { recordAction } from '../record-action.js';
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
  const topology = program
    .command('topology')
    .description('look up who owns an address, list and import topology data');
  const withCommon = (command: Command): Command =>
    command
      .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
      .option('--json', 'print JSON');
  withCommon(topology.command('lookup').argument('<address...>').description('show who owns these addresses')).action(
    (addresses: string[], options: CommonOptions) => lookup(addresses.map(parseIp), options, context),
  );
  withCommon(topology.command('files').description('list the data files in use and their age')).action(
    (options: CommonOptions) => files(options, context),
  );
  withCommon(topology.command('import').argument('<file>').description('import a data file'))
    .addOption(new Option('--as <kind>', 'what the file is').choices(IMPORT_KINDS).makeOptionMandatory())
    .option('--force', 'import even if the file drops more than half of the known prefixes')
    .option('--dry-run', 'only show what would change')
    .action((file: string, options: ImportOptions) => importFile(file, options, context));
  withCommon(topology.command('undo').description('undo the latest import')).action((options: CommonOptions) =>
    undo(options, context),
  );
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
    // The numbers of groups belong to a data directory; the ones here are temporary, so they are not shown.
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
  const { plan, path, replaces } = await importTopologyFile({
    directory: topologyImportDirectory(config),
    file,
    kind: options.as,
    configured: configuredFile(config, options.as),
    objections: await objectionsTo(config),
    force: options.force === true,
    dryRun: options.dryRun === true,
  });
  if (path !== undefined) {
    recordAction(config, context, { action: 'topology-import', subject: file, details: { kind: options.as, path } });
  }
  if (options.json) {
    const answer = { path: path ?? null, replaces: replaces ?? null, ...plan, refusal: plan.refusal ?? null };
    context.stdout.write(`${JSON.stringify(answer)}\n`);
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
  const verb = path === undefined ? 'would take' : 'takes';
  if (replaces !== undefined) context.stdout.write(`it ${verb} the place of ${replaces}\n`);
  if (path === undefined) {
    context.stdout.write(plan.refusal === undefined ? 'would be imported\n' : `would be refused: ${plan.refusal}\n`);
  } else {
    context.stdout.write(
      `imported as ${path}; a running tracker loads it automatically, or at once on SIGHUP\n` +
        'to undo it: alias-tracker topology undo\n',
    );
  }
}

async function undo(options: CommonOptions, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const step = await undoTopologyImport(topologyImportDirectory(config));
  recordAction(config, context, { action: 'topology-undo', subject: step.from, details: { kind: step.kind } });
  const configured = configuredFile(config, step.kind);
  const inForce =
    step.replaced.length > 0
      ? `the import before it is in force again (${step.replaced.join(', ')})`
      : configured === undefined
        ? 'no file of this kind is in force now'
        : `${configured} is in force again`;
  if (options.json) context.stdout.write(`${JSON.stringify({ ...step, configured: configured ?? null })}\n`);
  else context.stdout.write(`the import of ${step.from} (${step.kind}) is undone; ${inForce}\n`);
}

/** The file of this kind that the configuration names; undefined if an import adds to it rather than replaces it. */
function configuredFile({ operator, topology }: Config, kind: ImportKind): string | undefined {
  switch (kind) {
    case 'as-rel':
      return topology.asRelationships;
    case 'as2org':
      return topology.asOrganisations;
    case 'subdomains':
      return 'file' in operator.subdomains ? operator.subdomains.file : undefined;
    default:
      return undefined;
  }
}

/** What `serve` would object to in an address plan: it must fit the network and define the names that are used. */
async function objectionsTo(config: Config): Promise<(content: TopologyFileContent) => string[]> {
  const listed = 'file' in config.operator.subdomains ? [] : config.operator.subdomains;
  const asns = config.operator.networks.map(({ asn }) => asn);
  // A broken topology must not block the import that repairs it.
  const ownAsns = await openSource(config).then(
    (source) => source.ownAsns,
    () => asns,
  );
  return (content) => {
    if (content.holds !== 'subdomains') return [];
    const plan = [...listed, ...content.subdomains];
    const subdomainIds = new Set(plan.map(({ id }) => id));
    return [
      ...subdomainProblems(plan, config.operator.networks, ownAsns).map(({ message }) => message),
      ...unknownSubdomains(config, { subdomainIds }).map(({ path, message }) => `${formatPath(path)}: ${message}`),
    ];
  };
}

function openSource(config: Config): Promise<TopologySource<Config>> {
  return TopologySource.open(config, { groups: new GroupRegistry(memoryGroupStore()), log: createLogger('silent') });
}
