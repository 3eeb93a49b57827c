/** Things that must differ: tokens, because each stands for one caller, and the sockets that are listened on. */
import type { Report } from '../config-kit/config-part.js';
import { formatPath } from '../config-kit/config-problem.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';

import { formatEndpoint } from '../net/endpoint.js';
import type { Config } from './config-schema.js';
import { clashingListeners } from './listeners.js';

export function listenersDoNotClash(config: Config, report: Report): void {
  const told = new Set<string>();
  for (const [first, second] of clashingListeners(config)) {
    const path = formatPath(second.path);
    // DNS clashes over UDP and TCP alike; the operator repairs it once.
    if (told.has(path)) continue;
    told.add(path);
    const where = formatEndpoint(first);
    report(
      second.path,
      `${formatPath(first.path)} listens on ${where} (${first.protocol.toUpperCase()}) already; choose another address or port`,
    );
  }
}

/** Whoever holds a token is whom it names; one of two would be taken for the other. */
export function tokensDiffer({ control, reports, upstream }: Config, report: Report): void {
  const holders: { readonly token: string | undefined; readonly name: string; readonly path: ConfigPath }[] = [
    ...reports.probes.map(({ token, id }, i) => ({
      token,
      name: `probe "${id}"`,
      path: ['reports', 'probes', i, 'token'],
    })),
    ...upstream.originalTrackers.map(({ token, name }, i) => ({
      token,
      name: `original tracker "${name}"`,
      path: ['upstream', 'originalTrackers', i, 'token'],
    })),
  ];
  const owners = new Map<string, string>();
  for (const { token, name, path } of holders) {
    if (token === undefined) continue;
    const owner = owners.get(token);
    if (token === control?.token) report(path, `is control.token: ${name} could operate; give it one of its own`);
    else if (owner !== undefined) report(path, `is the token of ${owner} as well; give each its own`);
    owners.set(token, name);
  }
}
