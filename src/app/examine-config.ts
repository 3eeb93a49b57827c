/**
 * Checks the files that a configuration names, and whether they fit together. It runs the code that `serve` starts with, so
 * that both find the same problems. It changes nothing on disk.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/config-schema.js';
import { listenersOf } from '../config/listeners.js';
import { formatPath } from '../config-kit/config-problem.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { readControlTls } from '../control-api/read-control-tls.js';
import { compileRedirectPolicy } from '../dns-redirect/redirect-policy.js';
import { refuseOwnAddresses } from '../dns-redirect/refuse-own-addresses.js';
import { type FileProblem, FilesError, messageOf } from '../domain/errors.js';
import { createLogger } from '../logging/logger.js';
import { isWildcard } from '../net/endpoint.js';
import { machineAddresses } from '../net/machine-addresses.js';
import { Policy } from '../policy/policy.js';
import { newerMigrationsOf } from '../store/sqlite/database.js';
import { GroupRegistry, memoryGroupStore } from '../topology/group-registry.js';
import { TopologySource, topologyImportDirectory } from '../topology/topology-source.js';
import { accessListOf } from '../tracker/configured-access.js';
import { tlsMaterial } from '../tracker/configured-options.js';
import { readCertificate } from '../transport/portable/certificate.js';
import { databaseFile } from './database-file.js';
import { unknownSubdomains } from './known-subdomains.js';

export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

/** @returns all problems that keep `serve` from starting and that can be found without starting it */
export async function examineConfig(config: Config): Promise<Finding[]> {
  const findings = await Promise.all([
    examineTopology(config),
    attempt(keyOfFile(config), () => accessListOf(config.tracker, () => [])),
    attempt(
      () => ['tracker', 'tls'],
      () => config.tracker.tls && readCertificate(tlsMaterial(config.tracker.tls)),
    ),
    attempt(
      () => ['control', 'tls'],
      () => config.control && readControlTls(config.control),
    ),
    attempt(
      () => ['dnsRedirect'],
      () => config.dnsRedirect && compileRedirectPolicy(config.dnsRedirect),
    ),
    attempt(
      () => ['dnsRedirect', 'upstreamResolvers'],
      () => config.dnsRedirect && refuseOwnAddresses(config.dnsRedirect.listen, config.dnsRedirect.upstreamResolvers),
    ),
    attempt(
      () => ['storage', 'directory'],
      () => examineStorage(config),
    ),
  ]);
  return findings.flat();
}

/** Addresses to listen on that this machine does not have, but another one may. One line each. */
export function adviceOnThisMachine(config: Config): string[] {
  const own = new Set(machineAddresses());
  return listenersOf(config)
    .filter(({ host }) => !isWildcard(host) && !host.startsWith('127.') && !own.has(host))
    .filter(({ path }, i, all) => all.findIndex((each) => formatPath(each.path) === formatPath(path)) === i)
    .map(({ path, host }) => `${formatPath(path)}: this machine has no address ${host}; serve needs it to start`);
}

async function examineTopology(config: Config): Promise<Finding[]> {
  const log = createLogger('silent');
  let topology: TopologySource<Config>;
  try {
    topology = await TopologySource.open(config, { groups: new GroupRegistry(memoryGroupStore()), log });
  } catch (thrown) {
    return findingsOf(keyOfFile(config), thrown);
  }
  const unknown = unknownSubdomains(config, topology);
  if (unknown.length > 0) return unknown;
  const readings = {
    densityReadings: () => new Map(),
    capabilityReadings: () => new Map(),
    capabilityReading: () => undefined,
    onChange: () => () => {},
  };
  // Whether rules fit does not depend on the time.
  return attempt(
    () => ['billing'],
    () => new Policy(config, { clock: { nowMs: () => 0 }, log, readings, topology }),
  );
}

function examineStorage(config: Config): void {
  const { directory } = config.storage;
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a directory; give another one`);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`this user may not write in ${existing}; give it to the tracker's user, or another directory`);
  }
  const newer = newerMigrationsOf(databaseFile(config));
  if (newer !== undefined) throw newer;
}

/** The key that names a file; `storage.directory` for an imported one. */
function keyOfFile(config: Config): (file: string | undefined) => ConfigPath {
  const { subdomains } = config.operator;
  const imported = topologyImportDirectory(config);
  const files: [ConfigPath, string | undefined][] = [
    [['operator', 'subdomains', 'file'], 'file' in subdomains ? subdomains.file : undefined],
    ...(['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations'] as const).map(
      (key): [ConfigPath, string | undefined] => [['topology', key], config.topology[key]],
    ),
    [['tracker', 'torrents'], 'file' in config.tracker.torrents ? config.tracker.torrents.file : undefined],
    [['tracker', 'denyList', 'torrents'], config.tracker.denyList.torrents],
  ];
  return (file) => {
    if (file === undefined) return ['operator'];
    if (dirname(file) === imported) return ['storage', 'directory'];
    return files.find(([, each]) => each === file)?.[0] ?? ['operator'];
  };
}

/** @param pathOf the key of a file that cannot be used; undefined: of any other problem */
async function attempt(pathOf: (file: string | undefined) => ConfigPath, work: () => unknown): Promise<Finding[]> {
  try {
    await work();
    return [];
  } catch (thrown) {
    return findingsOf(pathOf, thrown);
  }
}

function findingsOf(pathOf: (file: string | undefined) => ConfigPath, thrown: unknown): Finding[] {
  const problems =
    thrown instanceof FilesError
      ? thrown.problems
      : messageOf(thrown)
          .split('\n')
          .map((message) => ({ message }));
  return problems.map(({ file, message }: FileProblem) => ({ path: pathOf(file), message }));
}
