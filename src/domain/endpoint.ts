/**
 * An address and a port, as operators write them: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:53`.
 * Names are not accepted: where these are used (listeners, resolvers) a name would need the very service it configures.
 */
import { ClientError } from './errors.js';
import { formatIp, type IpAddress, parseIp } from './ip-address.js';

export interface Endpoint {
  readonly address: IpAddress;
  /** 0 – 65535; 0 lets the system choose where the endpoint is a listener. */
  readonly port: number;
}

/**
 * @param defaultPort what a bare address means; without it the port is required
 * @throws ClientError `endpoint` (or `ip-address`)
 */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const dotted = /^([\d.]+)(?::(\d{1,5}))?$/.exec(text);
  const [host, portText] = bracketed
    ? [bracketed[1]!, bracketed[2]]
    : dotted
      ? [dotted[1]!, dotted[2]]
      : [text, undefined];
  const address = parseIp(host);
  const port = portText === undefined ? defaultPort : Number(portText);
  if (port === undefined || port > 65_535) {
    throw new ClientError(
      'endpoint',
      `"${text.slice(0, 60)}" is not an address with a port (192.0.2.1:53, [2001:db8::1]:53)`,
    );
  }
  return { address, port };
}

/** `192.0.2.53:53` or `[2001:db8::53]:53`. */
export function formatEndpoint(endpoint: Endpoint): string {
  const text = formatIp(endpoint.address);
  return endpoint.address.family === 4 ? `${text}:${endpoint.port}` : `[${text}]:${endpoint.port}`;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && formatIp(a.address) === formatIp(b.address);
}
