/** The section `control` of the configuration: who may use the control API, and from where. */
import { z } from 'zod';
import { listenUrl } from '../config-kit/address-schemas.js';
import type { DeepReadonly, Report } from '../config-kit/config-part.js';
import { filePath, hostName, section, token } from '../config-kit/field-schemas.js';
import { tlsFiles } from '../config-kit/tls-files.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';

export const schema = section({
  listen: listenUrl('http', 'https').prefault('http://127.0.0.1:8090'),
  token: token.optional(),
  /** May read everything and change nothing. */
  viewerToken: token.optional(),
  tls: tlsFiles.optional(),
  /** A certificate of this authority with a probe's id as its common name replaces the token of that probe. */
  clientCa: filePath.optional(),
  /** Host names under which browsers may use it beside its addresses: others are refused (DNS rebinding). */
  names: z.array(hostName).prefault([]),
}).optional();

export type ControlSection = NonNullable<DeepReadonly<z.output<typeof schema>>>;

/** The sections that its checks read: all that contain tokens. */
export interface ControlConfig {
  readonly control?: ControlSection | undefined;
  readonly reports: { readonly probes: readonly { readonly id: string; readonly token?: string | undefined }[] };
  readonly upstream: {
    readonly originalTrackers: readonly { readonly name: string; readonly token?: string | undefined }[];
  };
  readonly crawler: { readonly sources: readonly { readonly name: string; readonly token?: string | undefined }[] };
}

const LOOPBACK = /^(127\.|::1$)/;

/** Without a token, everybody who can reach the control API could read who downloads what. */
function controlIsGuarded(config: ControlConfig, report: Report): void {
  const { control } = config;
  if (control && control.token === undefined && !LOOPBACK.test(control.listen.host)) {
    report(
      ['control', 'listen'],
      `${control.listen.host} can be reached from outside; give control.token, or listen on 127.0.0.1`,
    );
  }
}

function httpsHasACertificate({ control }: ControlConfig, report: Report): void {
  if (control?.listen.protocol === 'https' && !control.tls) {
    report(['control', 'listen'], 'https needs control.tls with certificate and key');
  }
}

/** A token identifies its owner, so no two owners may have the same token. */
function tokensDiffer({ control, reports, upstream, crawler }: ControlConfig, report: Report): void {
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
    ...crawler.sources.map(({ token, name }, i) => ({
      token,
      name: `source "${name}"`,
      path: ['crawler', 'sources', i, 'token'],
    })),
  ];
  if (control?.viewerToken !== undefined) {
    holders.unshift({ token: control.viewerToken, name: 'control.viewerToken', path: ['control', 'viewerToken'] });
  }
  const owners = new Map<string, string>();
  for (const { token, name, path } of holders) {
    if (token === undefined) continue;
    const owner = owners.get(token);
    if (token === control?.token)
      report(path, `is the same as control.token, so ${name} could use every call; give it a token of its own`);
    else if (owner !== undefined) report(path, `is also the token of ${owner}; give each its own`);
    owners.set(token, name);
  }
}

export const controlChecks = [tokensDiffer, httpsHasACertificate, controlIsGuarded] as const;
