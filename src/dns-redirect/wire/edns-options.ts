/** The options in the data of an OPT record (RFC 6891 section 6.1.2). */
import { DnsFormatError } from './domain-name.js';

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** @throws DnsFormatError if they do not fill the data exactly */
export function readOptions(data: Uint8Array): EdnsOption[] {
  const options: EdnsOption[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + 4 > data.length) throw new DnsFormatError('an EDNS option without its length');
    const code = (data[at]! << 8) | data[at + 1]!;
    const end = at + 4 + ((data[at + 2]! << 8) | data[at + 3]!);
    if (end > data.length) throw new DnsFormatError('an EDNS option exceeds its record');
    options.push({ code, data: data.subarray(at + 4, end) });
    at = end;
  }
  return options;
}
