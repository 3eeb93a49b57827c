/**
 * The addresses of this installation: it neither contacts original trackers nor accepts peers that have one of them.
 */
import { formatIp, type IpAddress, parseIp } from './ip-address.js';

/** An address of this installation; without a port, all its ports. */
export interface OwnEndpoint {
  readonly host: string;
  readonly port?: number;
}

/** A set of {@link OwnEndpoint}s for frequent look-ups. */
export class OwnAddresses {
  readonly #keys: ReadonlySet<string>;

  constructor(endpoints: readonly OwnEndpoint[]) {
    this.#keys = new Set(endpoints.map(({ host, port }) => `${formatIp(parseIp(host))} ${port ?? '*'}`));
  }

  has(address: IpAddress, port: number): boolean {
    const text = formatIp(address);
    return this.#keys.has(`${text} ${port}`) || this.#keys.has(`${text} *`);
  }
}
