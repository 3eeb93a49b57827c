/** Versions of zones as text for the database. A text that this program did not write is ignored. */
import { z } from 'zod';
import type { PolicyZoneStore } from '../../store/sqlite/policy-zone-store.js';
import { CLASS_IN } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';
import { nameFromText, nameToText } from '../wire/domain-name.js';
import type { ZoneStore } from './rpz-server.js';
import type { StoredHistory } from './zone-history.js';

const recordSchema = z.tuple([z.string(), z.int(), z.int(), z.base64()]).transform(
  ([name, type, ttl, data]): DnsRecord => ({
    ...{ name: nameFromText(name), type, class: CLASS_IN, ttl },
    data: new Uint8Array(Buffer.from(data, 'base64')),
  }),
);
const endSchema = z.object({ serial: z.int().min(0).max(0xffffffff), soa: recordSchema });
const historySchema = z.object({
  current: endSchema.extend({ records: z.array(recordSchema) }),
  differences: z.array(
    z.object({ from: endSchema, to: endSchema, removed: z.array(recordSchema), added: z.array(recordSchema) }),
  ),
});

export function zoneStoreOver(store: PolicyZoneStore): ZoneStore {
  return {
    loadZone: (zone) => parseHistory(store.history(nameToText(zone))),
    saveZone: (zone, history) => store.setHistory(nameToText(zone), formatHistory(history)),
    load: () => store.serials().map(({ zone, ...rest }) => ({ zone: nameFromText(zone), ...rest })),
    save: (zone, secondary, serial) => store.setSerial({ zone: nameToText(zone), secondary, serial }),
  };
}

export function parseHistory(text: string | undefined): StoredHistory | undefined {
  if (text === undefined) return undefined;
  try {
    return historySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON, or a name that is not one
  }
}

export function formatHistory({ current, differences }: StoredHistory): string {
  const record = ({ name, type, ttl, data }: DnsRecord) => [
    nameToText(name),
    type,
    ttl,
    Buffer.from(data).toString('base64'),
  ];
  const end = ({ serial, soa }: { readonly serial: number; readonly soa: DnsRecord }) => ({ serial, soa: record(soa) });
  return JSON.stringify({
    current: { ...end(current), records: current.records.map(record) },
    differences: differences.map(({ from, to, removed, added }) => ({
      ...{ from: end(from), to: end(to), removed: removed.map(record), added: added.map(record) },
    })),
  });
}
