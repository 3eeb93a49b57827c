/** Every path that a configuration names: made absolute, and checked to be there. The only I/O of this folder. */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import type { configSchema } from './config-schema.js';
import type { ConfigPath } from './yaml-source.js';

type MutableConfig = z.output<typeof configSchema>;

/** Calls `visit` for each file and puts what it returns in its place. */
function replaceFiles(config: MutableConfig, visit: (path: ConfigPath, file: string) => string): void {
  const { topology, tracker, control } = config;
  if (!Array.isArray(config.operator.subdomains)) {
    config.operator.subdomains.file = visit(['operator', 'subdomains', 'file'], config.operator.subdomains.file);
  }
  for (const key of ['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations'] as const) {
    const file = topology[key];
    if (file !== undefined) topology[key] = visit(['topology', key], file);
  }
  if (tracker.torrents.mode === 'allow-list')
    tracker.torrents.file = visit(['tracker', 'torrents'], tracker.torrents.file);
  if (tracker.denyList.torrents !== undefined) {
    tracker.denyList.torrents = visit(['tracker', 'denyList', 'torrents'], tracker.denyList.torrents);
  }
  for (const [name, tls] of [
    ['tracker', tracker.tls],
    ['control', control?.tls],
  ] as const) {
    if (!tls) continue;
    tls.certificate = visit([name, 'tls', 'certificate'], tls.certificate);
    tls.key = visit([name, 'tls', 'key'], tls.key);
  }
  for (const [index, source] of config.crawler.sources.entries()) {
    if (source.type === 'access-log') source.file = visit(['crawler', 'sources', index, 'file'], source.file);
  }
}

/** Relative paths count from `baseDirectory`. */
export function makePathsAbsolute(config: MutableConfig, baseDirectory: string): void {
  const absolute = (file: string): string => (isAbsolute(file) ? file : resolve(baseDirectory, file));
  config.storage.directory = absolute(config.storage.directory);
  replaceFiles(config, (_path, file) => absolute(file));
}

/** Reports each file that is missing, unreadable or a directory. The storage directory is made at the start, not here. */
export function checkFiles(config: MutableConfig, report: (path: ConfigPath, message: string) => void): void {
  replaceFiles(config, (path, file) => {
    const fault = faultOf(file);
    if (fault !== undefined)
      report(path, `${fault}; relative paths count from the directory of the configuration file`);
    return file;
  });
}

function faultOf(file: string): string | undefined {
  try {
    if (statSync(file).isDirectory()) return `${file} is a directory, a file is expected`;
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    return code === 'EACCES' ? `${file} cannot be read by this user` : `there is no file ${file}`;
  }
}
