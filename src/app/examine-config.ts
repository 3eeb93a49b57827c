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
import { compileRedirectPolicy } from '../dns-redirect/redirect-policy.js';
import { refuseOwnAddresses } from '../dns-redirect/refuse-own-addresses.js';
import { messageOf } from '../domain/errors.js';
import { createLogger } from '../logging/logger.js';
import { isWildcard } from '../net/endpoint.js';
import { machineAddresses } from '../net/machine-addresses.js';
import { newerMigrationsOf } from '../store/sqlite/database.js';
import { GroupRegistry, memoryGroupStore } from '../topology/group-registry.js';
import { readCertificate } from '../transport/portable/certificate.js';
import { accessListOf } from './access.js';
import { tlsMaterial } from './data-plane/data-plane-options.js';
import { Policy } from './data-plane/policy.js';
import { TopologySource } from './data-plane/topology-source.js';
import { databaseFile } from './database-file.js';
import { unknownSubdomains } from './known-subdomains.js';
import { readControlTls } from './read-control-tls.js';

export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

/** @returns all problems that keep `serve` from starting and that can be found without starting it */
export async function examineConfig(config: Config): Promise<Finding[]> {
  const findings = await Promise.all([
    examineTopology(config),
    attempt(filePathOf(config), () => accessListOf(config.tracker, () => [])),
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
  const logger = createLogger('silent');
  let topology: TopologySource;
  try {
    topology = await TopologySource.open(config, new GroupRegistry(memoryGroupStore()), logger);
  } catch (thrown) {
    return findingsOf(filePathOf(config), thrown);
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
    () => new Policy(config, { clock: { nowMs: () => 0 }, logger, readings, topology }),
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

/** The key whose file a message names; `storage.directory` for an imported file. */
function filePathOf(config: Config): (message: string) => ConfigPath {
  const { subdomains } = config.operator;
  const files: [ConfigPath, string | undefined][] = [
    [['operator', 'subdomains', 'file'], 'file' in subdomains ? subdomains.file : undefined],
    ...(['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations'] as const).map(
      (key): [ConfigPath, string | undefined] => [['topology', key], config.topology[key]],
    ),
    [['tracker', 'torrents'], 'file' in config.tracker.torrents ? config.tracker.torrents.file : undefined],
    [['tracker', 'denyList', 'torrents'], config.tracker.denyList.torrents],
    [['storage', 'directory'], config.storage.directory],
  ];
  return (message) => files.find(([, file]) => file !== undefined && message.includes(file))?.[0] ?? ['operator'];
}

async function attempt(pathOf: (message: string) => ConfigPath, work: () => unknown): Promise<Finding[]> {
  try {
    await work();
    return [];
  } catch (thrown) {
    return findingsOf(pathOf, thrown);
  }
}

function findingsOf(pathOf: (message: string) => ConfigPath, thrown: unknown): Finding[] {
  return messageOf(thrown)
    .split('\n')
    .map((message) => ({ path: pathOf(message), message }));
}
