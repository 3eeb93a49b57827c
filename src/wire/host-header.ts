/**
 * Reads the Host field of a request whose head has been parsed already (RFC 9110 section 7.2). The parser of heads skips it:
 * only a torrent that the tracker does not know makes anybody ask under which name it was announced.
 */

/** Its value is trimmed afterwards: a pattern that ends it before the last blank takes quadratic time for many blanks. */
const FIELD = /^host[ \t]*:([^\r\n]*)/im;
/** A name, or a literal address in brackets, and a port. A dot may end the name. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:[\]/?#@\s]+?)\.?(?::(\d{1,5}))?$/i;

export interface HostAndPort {
  /** In lower case, without a dot at its end. */
  readonly host: string;
  /** Undefined: the default of the scheme. */
  readonly port: number | undefined;
}

/**
 * @param start of the head, its request line included; @param end after its last line
 * @returns undefined if there is none, or its value is not a host
 */
export function readHostHeader(bytes: Uint8Array, start: number, end: number): HostAndPort | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const lines = head.slice(head.indexOf('\n') + 1);
  const value = FIELD.exec(lines)?.[1]?.trim();
  const match = value === undefined ? null : HOST_AND_PORT.exec(value);
  if (match === null) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined;
  return { host: match[1]!.toLowerCase(), port };
}
