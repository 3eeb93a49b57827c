/**
 * Checks the files that a configuration names, and whether they fit together: each part looks at its own, and the topology
 * at those that several parts read. It runs the code that `serve` starts with, and changes nothing on disk.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Config, configSchema } from '../config/config-schema.js';
import { listenersOf } from '../config/listeners.js';
import { CONFIG_PARTS } from '../config/parts.js';
import { namedFiles } from '../config-kit/config-files.js';
import { formatPath } from '../config-kit/config-problem.js';
import { type Finding, findingsOf } from '../config-kit/examine.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { counted } from '../domain/counted.js';
import { createLogger } from '../logging/logger.js';
import { isWildcard } from '../net/endpoint.js';
import { machineAddresses } from '../net/machine-addresses.js';
import { Policy } from '../policy/policy.js';
import { GroupRegistry, memoryGroupStore } from '../topology/group-registry.js';
import { TopologySource, topologyImportDirectory } from '../topology/topology-source.js';
import { unknownSubdomains } from './known-subdomains.js';

/** @returns all problems that keep `serve` from starting and that can be found without starting it */
export async function examineConfig(config: Config): Promise<Finding[]> {
  const findings = await Promise.all([
    examineTopology(config),
    ...CONFIG_PARTS.map(({ examine }) => examine?.(config) ?? []),
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

const DAY_MS = 86_400_000;
/** Of the life of a certificate, which its owner should have renewed by then. */
const EXPIRY_ADVICE_DAYS = 14;

/** Certificates that clients refuse now or soon; one line each. Whether the keys fit is checked by the parts that use them. */
export function adviceOnCertificates(config: Config, nowMs: number): string[] {
  return namedFiles(configSchema, config)
    .filter(({ path }) => path.at(-1) === 'certificate' || path.at(-1) === 'clientCa')
    .flatMap(({ path, file }) => {
      const line = (what: string): string[] => [`${formatPath(path)}: ${file} ${what}`];
      let certificate: X509Certificate;
      try {
        certificate = new X509Certificate(readFileSync(file));
      } catch {
        return line('is not a certificate in PEM; let the first one in the file be that of the server');
      }
      const days = (Date.parse(certificate.validTo) - nowMs) / DAY_MS;
      if (days <= 0) return line(`expired ${counted(Math.floor(-days), 'day')} ago; renew it`);
      if (days < EXPIRY_ADVICE_DAYS) return line(`expires in ${counted(Math.floor(days), 'day')}; renew it`);
      const isEarly = Date.parse(certificate.validFrom) > nowMs;
      return isEarly ? line(`is valid only from ${certificate.validFrom}; check the clock of this machine`) : [];
    });
}

async function examineTopology(config: Config): Promise<Finding[]> {
  const log = createLogger('silent');
  const opened: TopologySource<Config>[] = [];
  const findings = await findingsOf(keyOfFile(config), async () => {
    opened.push(await TopologySource.open(config, { groups: new GroupRegistry(memoryGroupStore()), log }));
  });
  const [topology] = opened;
  if (topology === undefined) return findings;
  const unknown = unknownSubdomains(config, topology);
  if (unknown.length > 0) return unknown;
  const readings = {
    densityReadings: () => new Map(),
    capabilityReadings: () => new Map(),
    capabilityReading: () => undefined,
    onChange: () => () => {},
  };
  // Whether rules fit does not depend on the time.
  return findingsOf(['billing'], () => new Policy(config, { clock: { nowMs: () => 0 }, log, readings, topology }));
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
  ];
  return (file) => {
    if (file === undefined) return ['operator'];
    if (dirname(file) === imported) return ['storage', 'directory'];
    return files.find(([, each]) => each === file)?.[0] ?? ['operator'];
  };
}
