/** An RPZ server on loopback, with a store in memory. */

import { silentDnsLog } from '../../../../src/dns-redirect/dns-log.js';
import {
  type RpzAccess,
  RpzServer,
  type RpzServerOptions,
  type ZoneStore,
} from '../../../../src/dns-redirect/rpz/rpz-server.js';
import type { StoredHistory } from '../../../../src/dns-redirect/rpz/zone-history.js';
import type { DnsRecord } from '../../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText } from '../../../../src/dns-redirect/wire/domain-name.js';

export const ZONE = nameFromText('rpz.alias-tracker');
export const TIMES = { expire: 600, ttl: 30 };
export const SECRET = 'c2VjcmV0LW9mLXRoZS1sYWItMTIzNDU2Nzg5MA==';

export function memoryStore(): ZoneStore {
  const zones = new Map<string, StoredHistory>();
  const serials = new Map<string, { zone: string; secondary: string; serial: number }>();
  return {
    loadZone: (zone) => zones.get(zone),
    saveZone: (zone, history) => void zones.set(zone, history),
    load: () => [...serials.values()],
    save: (zone, secondary, serial) => void serials.set(`${zone} ${secondary}`, { zone, secondary, serial }),
  };
}

export function access(...secondaries: { host: string; port?: number; key?: string; notify?: boolean }[]): RpzAccess {
  return {
    secondaries: secondaries.map(({ host, port = 9, key, notify = false }) => ({
      ...{ endpoint: { host, port }, notify },
      key: key === undefined ? undefined : nameFromText(key),
    })),
    keys: (['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const).map((algorithm) => ({
      name: nameFromText(algorithm === 'hmac-sha256' ? 'isp' : `isp-${algorithm.slice(-3)}`),
      algorithm,
      secret: Buffer.from(SECRET, 'base64'),
    })),
  };
}

export async function startRpzServer(more: Partial<RpzServerOptions> & { access: RpzAccess }): Promise<RpzServer> {
  const server = new RpzServer({
    listen: [{ host: '127.0.0.1', port: 0 }],
    zones: [ZONE],
    serials: 'any',
    store: memoryStore(),
    clock: { nowMs: () => Date.now() },
    log: silentDnsLog,
    ...more,
  });
  await server.start();
  return server;
}

/** `count` names with an address each, and one that holds a long text. */
export function recordsOf(count: number, last = 1): DnsRecord[] {
  const at = (label: string, type: number, data: Uint8Array): DnsRecord => ({
    ...{ name: nameFromText(`${label}.example.rpz.alias-tracker`), type, class: 1, ttl: 30, data },
  });
  return [
    { name: ZONE, type: 2, class: 1, ttl: 30, data: Buffer.from('\x05alias\x07invalid\0', 'latin1') },
    ...Array.from({ length: count }, (_, i) => at(`n${i}`, 1, Uint8Array.of(192, 0, 2, (i + last) % 256))),
    at('long', 16, Buffer.concat(Array.from({ length: 20 }, () => [Buffer.of(200), Buffer.alloc(200, 'x')]).flat())),
  ];
}
