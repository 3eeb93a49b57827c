/** The addresses of this installation: original trackers that have one are not asked, peers that have one are not taken. */
import { formatIp, type IpAddress, parseIp } from './ip-address.js';

/** An address of this installation; without a port, all its ports. */
export interface OwnEndpoint {
  readonly host: string;
  readonly port?: number;
}

/** {@link OwnEndpoint}s for asking often. */
export class OwnAddresses {
  private readonly keys: ReadonlySet<string>;

  constructor(endpoints: readonly OwnEndpoint[]) {
    this.keys = new Set(endpoints.map(({ host, port }) => `${formatIp(parseIp(host))} ${port ?? '*'}`));
  }

  has(address: IpAddress, port: number): boolean {
    const text = formatIp(address);
    return this.keys.has(`${text} ${port}`) || this.keys.has(`${text} *`);
  }
}
