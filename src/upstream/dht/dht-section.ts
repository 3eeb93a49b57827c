/** The key `upstream.dht` of the configuration. */
import { z } from 'zod';
import { endpoint } from '../../config-kit/address-schemas.js';
import type { DeepReadonly } from '../../config-kit/config-part.js';
import { flag, hostName, ipAddress, section, wholeNumber } from '../../config-kit/field-schemas.js';
import { formatIp } from '../../domain/ip-address.js';

export interface BootstrapNode {
  /** A name, or a literal address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Those that libtorrent, Transmission and µTorrent ask. */
const USUAL_BOOTSTRAP = ['dht.libtorrent.org:25401', 'dht.transmissionbt.com:6881', 'router.bittorrent.com:6881'];

const expected = 'a node of the DHT as host and port, e.g. "dht.libtorrent.org:25401"';

const bootstrapNode = z.string({ error: `expected ${expected}` }).transform((text, context): BootstrapNode => {
  const [, inBrackets, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = z.union([hostName, ipAddress.transform(formatIp)]).safeParse(inBrackets ?? plain);
  const port = Number(digits);
  if (host.success && port >= 1 && port <= 65_535) return { host: host.data, port };
  context.addIssue({ code: 'custom', message: `"${text}" is not ${expected}` });
  return z.NEVER;
});

const dhtSettings = section({
  bootstrap: z.array(bootstrapNode).min(1, { error: 'give at least one node to start from' }).prefault(USUAL_BOOTSTRAP),
  listen: z.array(endpoint()).min(1, { error: 'give at least one address' }).prefault(['0.0.0.0:0']),
  lookupsPerMinute: wholeNumber(1, 600).prefault(30),
});

export type DhtSettings = DeepReadonly<z.output<typeof dhtSettings>>;

/** `true`: the defaults. */
export const dht = z
  .union([flag, dhtSettings], { error: 'expected true, false or keys (bootstrap, listen, lookupsPerMinute)' })
  .transform((value): DhtSettings | false => (value === true ? dhtSettings.parse({}) : value))
  .prefault(false);
