/**
 * Which header fields cross the mirror site. Fields of one connection stay on it (RFC 9110 section 7.6.1), those that
 * `Connection` names among them. Fields in which proxies tell each other about a client are not taken from readers.
 */

/** A header as it was received: name, value, name, value … */
export type RawHeaders = readonly string[];

/** RFC 9110 section 7.6.1. `Trailer` goes with the trailers, which are not forwarded. `Expect` is answered here. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** What a proxy that trusts this machine would believe (RFC 7239 and its older forms). */
const OF_PROXIES = /^(?:forwarded|x-forwarded-.*|x-real-ip|x-client-ip|x-original-(?:url|host)|x-rewrite-url)$/;

/** Names of fields that `Connection` lists, in lower case. */
function connectionTokens(headers: RawHeaders): ReadonlySet<string> | undefined {
  let tokens: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.length !== 10 || headers[i]!.toLowerCase() !== 'connection') continue;
    for (const token of headers[i + 1]!.split(',')) {
      const name = token.trim().toLowerCase();
      if (name === 'keep-alive' || name === 'close' || name === '') continue;
      tokens ??= new Set();
      tokens.add(name);
    }
  }
  return tokens;
}

/**
 * The fields that may cross, in their order and spelling.
 * @param replace gets the lower-case name; returns the value to send, or undefined to leave the field out
 */
export function crossing(
  headers: RawHeaders,
  replace: (name: string, value: string) => string | undefined = (_, value) => value,
): string[] {
  const tokens = connectionTokens(headers);
  const result: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (OF_THE_CONNECTION.has(name) || tokens?.has(name)) continue;
    const value = replace(name, headers[i + 1]!);
    if (value !== undefined) result.push(headers[i]!, value);
  }
  return result;
}

/** True for a field of a request that only a proxy in front may set. */
export function isOfProxies(name: string): boolean {
  return OF_PROXIES.test(name);
}
