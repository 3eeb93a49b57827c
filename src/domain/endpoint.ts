/** A literal address and a port: where something listens or is asked. Text is parsed by `src/config`. */
import { formatIp, parseIp } from './ip-address.js';

export interface Endpoint {
  /** A literal address without brackets. */
  readonly host: string;
  /** 0 – 65535; 0 lets the system choose where the endpoint is a listener. */
  readonly port: number;
}

/** `192.0.2.53:53` or `[2001:db8::53]:53`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Where a listener on this machine is reached from this machine: a wildcard stands for its loopback address. */
export function reachableHost(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

/** However the addresses are spelled. @throws ClientError `ip-address` if one is not literal */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && formatIp(parseIp(a.host)) === formatIp(parseIp(b.host));
}
