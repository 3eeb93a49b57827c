/** A look-up for sockets whose addresses are literal: without it node:dgram would spend a turn of the event loop on one. */
export function literalAddress(
  host: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  callback(null, host, host.includes(':') ? 6 : 4);
}
