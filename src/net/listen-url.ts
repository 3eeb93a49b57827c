/** Where to listen, as a URL with a literal address: `udp://0.0.0.0:6969`, `https://[2001:db8::1]:443`. */
import { type Endpoint, formatEndpoint, parseEndpoint, reachableHost } from './endpoint.js';

export type ListenProtocol = 'udp' | 'http' | 'https';

export interface ListenUrl extends Endpoint {
  readonly protocol: ListenProtocol;
}

/**
 * `localhost` means 127.0.0.1. Other names are refused, because the address behind a name may change.
 * @returns undefined if the text is not a listen URL
 */
export function parseListenUrl(text: string): ListenUrl | undefined {
  const match = /^(udp|http|https):\/\/([^/]+)\/?$/.exec(text);
  if (!match) return undefined;
  const endpoint = parseEndpoint(match[2]!.replace(/^localhost(?=:|$)/, '127.0.0.1'));
  return endpoint === undefined ? undefined : { protocol: match[1] as ListenProtocol, ...endpoint };
}

/** @returns `udp://[::]:6969` */
export function formatListenUrl({ protocol, host, port }: Endpoint & { readonly protocol: string }): string {
  return `${protocol}://${formatEndpoint({ host, port })}`;
}

/** The URL by which this machine reaches a listener of its own. */
export function reachableUrl({ protocol, host, port }: Endpoint & { readonly protocol: string }): string {
  return formatListenUrl({ protocol, host: reachableHost(host), port });
}
