/**
 * CAIDA's AS relationships, serial-1 and serial-2: `provider|customer|-1` and `peer|peer|0`. Serial-2 appends `|source`.
 * Lines that start with `#` are comments.
 */
import type { AsRelationships } from '../domain/as-relationships.js';
import { type DataFile, excerpt, forEachDataLine } from './data-file.js';

export interface AsRelationshipsFile extends AsRelationships {
  readonly transitCount: number;
  readonly peeringCount: number;
}

const NONE: readonly number[] = [];

/** @throws OperatorError with file and line */
export function parseAsRelationships(file: DataFile): AsRelationshipsFile {
  const customers = new Map<number, number[]>();
  const providers = new Map<number, number[]>();
  const peers = new Map<number, number[]>();
  let transitCount = 0;
  let peeringCount = 0;
  forEachDataLine(file, (start, end) => {
    const [a, b, kind] = file.bytes.toString('latin1', start, end).split('|');
    const first = asnOf(a);
    const second = asnOf(b);
    if (first === undefined || second === undefined || (kind !== '-1' && kind !== '0')) {
      return `${excerpt(file.bytes, start, end)} is not provider|customer|-1 or peer|peer|0`;
    }
    if (kind === '0') {
      append(peers, first, second);
      append(peers, second, first);
      peeringCount++;
    } else {
      append(customers, first, second);
      append(providers, second, first);
      transitCount++;
    }
    return undefined;
  });
  return {
    customersOf: (asn) => customers.get(asn) ?? NONE,
    providersOf: (asn) => providers.get(asn) ?? NONE,
    peersOf: (asn) => peers.get(asn) ?? NONE,
    transitCount,
    peeringCount,
  };
}

function asnOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const asn = Number(text);
  return asn <= 0xffffffff ? asn : undefined;
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
