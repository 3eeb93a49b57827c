/** Where to listen and whom to ask, as text with a literal address: `udp://0.0.0.0:6969`, `127.0.0.1:10053`, `[::1]:53`. */
import { z } from 'zod';
import { type Endpoint, parseEndpoint } from '../net/endpoint.js';
import { type ListenProtocol, type ListenUrl, parseListenUrl } from '../net/listen-url.js';

export function listenUrl<P extends ListenProtocol>(...protocols: P[]) {
  const example = protocols.map((each) => `"${each}://0.0.0.0:6969"`).join(' or ');
  const expected = `a literal address and port to listen on, e.g. ${example}`;
  return z.string({ error: `expected ${expected}` }).transform((value, context) => {
    const url = parseListenUrl(value);
    if (url === undefined || !(protocols as string[]).includes(url.protocol)) {
      context.addIssue({ code: 'custom', message: `"${value}" is not ${expected}` });
      return z.NEVER;
    }
    return url as ListenUrl & { readonly protocol: P };
  });
}

export function endpoint(defaultPort?: number) {
  const expected =
    defaultPort === undefined
      ? 'an address and port, e.g. "127.0.0.1:10053" or "[::1]:10053"'
      : `an address, with a port where it is not ${defaultPort}, e.g. "192.0.2.53" or "127.0.0.1:5354"`;
  return z.string({ error: `expected ${expected}` }).transform((value, context): Endpoint => {
    const parsed = parseEndpoint(value, defaultPort);
    if (parsed === undefined) {
      context.addIssue({ code: 'custom', message: `"${value}" is not ${expected}` });
      return z.NEVER;
    }
    return parsed;
  });
}

/** An absolute URL of one of these protocols; kept as it is written. */
export function urlOf(...protocols: string[]) {
  return z.string({ error: 'expected a URL' }).refine((value) => hasProtocol(value, protocols), {
    error: (issue) => {
      const value = String(issue.input);
      if (/^[a-z]+:\/\/[^/]*:0+(\/|$)/i.test(value)) return `"${value}" has port 0, which nobody can connect to`;
      return `"${value}" is not a URL that begins with ${protocols.join(':// or ')}://`;
    },
  });
}

function hasProtocol(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  // A port of more than 65,535 cannot be parsed.
  return url.hostname !== '' && url.port !== '0' && protocols.includes(url.protocol.replace(':', ''));
}
