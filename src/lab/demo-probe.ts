/** The demo's DPI probes: they report the density of their sub-domains to the control API; one sub-domain is busier. */
import type { Config } from '../config/config-schema.js';
import { messageOf } from '../domain/errors.js';
import { reachableUrl } from '../net/listen-url.js';

export interface DensitySample {
  readonly probe: string;
  readonly subdomain: string;
  readonly bytes: number;
  readonly users: number;
}

const REQUEST_TIMEOUT_MS = 3_000;
const USERS = 1_000;
const BUSY_BYTES_PER_USER_SECOND = 40_000;
const QUIET_BYTES_PER_USER_SECOND = 4_000;
/** How long a sub-domain is the busy one, so that a viewer can watch the answers follow. */
const BUSY_FOR_MS = 45_000;

/** The measurements of each probe with a token, for a period that ends now. */
export function demoSamples(config: Config, nowMs: number, periodSeconds: number): DensitySample[] {
  const reporting = config.reports.probes.filter((probe) => probe.token !== undefined);
  const all = reporting.flatMap((probe) => probe.subdomains.map((subdomain) => ({ probe: probe.id, subdomain })));
  const busy = all[Math.floor(nowMs / BUSY_FOR_MS) % Math.max(1, all.length)];
  return all.map((each) => ({
    ...each,
    users: USERS,
    bytes: USERS * periodSeconds * (each === busy ? BUSY_BYTES_PER_USER_SECOND : QUIET_BYTES_PER_USER_SECOND),
  }));
}

/** @returns undefined, or why the report was refused */
export async function sendSample(
  config: Config,
  sample: DensitySample,
  nowMs: number,
  periodSeconds: number,
): Promise<string | undefined> {
  const token = config.reports.probes.find((probe) => probe.id === sample.probe)?.token;
  try {
    const response = await fetch(new URL('/api/v1/density', controlUrl(config)), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        probe: sample.probe,
        // Increases across restarts of the demo too.
        sequence: Math.floor(nowMs / 1_000),
        periodStart: new Date(nowMs - periodSeconds * 1_000).toISOString(),
        periodSeconds,
        subdomains: [{ id: sample.subdomain, bytes: sample.bytes, users: sample.users }],
      }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return response.ok ? undefined : `${response.status} ${(await response.text()).slice(0, 200)}`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** The URL at which this machine reaches the control API of a configuration. */
export function controlUrl(config: Config): string {
  return reachableUrl(config.control?.listen ?? { protocol: 'http', host: '127.0.0.1', port: 8090 });
}
