/** The operator's sub-domains out of its address plan: CSV `prefix,subdomain[,asn]`, with or without a heading. */
import { parseAsn } from '../domain/asn.js';
import { messageOf } from '../domain/errors.js';
import { formatPrefix, type Prefix, parsePrefix } from '../domain/ip-address.js';
import { type DataFile, forEachDataLine } from './data-file.js';
import type { SubdomainPrefixes } from './operator-network.js';

/** What configuration accepts as an id, too. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws OperatorError with file and line; also where one prefix is given to two sub-domains */
export function parseSubdomainCsv(file: DataFile): SubdomainPrefixes[] {
  const subdomains = new Map<string, { id: string; prefixes: Prefix[]; asn?: number }>();
  const lineOfPrefix = new Map<string, number>();
  let heading = true;
  forEachDataLine(file, (start, end, line) => {
    const [prefixText = '', id = '', asnText = '', ...rest] = file.bytes
      .toString('utf8', start, end)
      .split(',')
      .map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
    const first = heading;
    heading = false;
    if (first && !/[.:]/.test(prefixText)) return undefined;
    try {
      const prefix = parsePrefix(prefixText);
      if (!ID.test(id)) return `"${id.slice(0, 60)}" is not the id of a sub-domain (letters, digits, "-", "_", ".")`;
      if (rest.length > 0) return 'more than three fields; expected prefix,subdomain[,asn]';
      const name = formatPrefix(prefix);
      const earlier = lineOfPrefix.get(name);
      if (earlier !== undefined) return `${name} is already in line ${earlier}`;
      lineOfPrefix.set(name, line);
      const asn = asnText === '' ? undefined : parseAsn(asnText);
      // One entry for each AS: a sub-domain may span two, and the AS decides the tier.
      const key = `${id} ${asn ?? ''}`;
      const entry = subdomains.get(key);
      if (entry === undefined) subdomains.set(key, { id, prefixes: [prefix], ...(asn === undefined ? {} : { asn }) });
      else entry.prefixes.push(prefix);
    } catch (thrown) {
      return messageOf(thrown);
    }
    return undefined;
  });
  return [...subdomains.values()];
}
