/** Reads the operator's sub-domains from its address plan: CSV `prefix,subdomain[,asn[,uplinkBpsMax]]`, header optional. */
import { parseAsn } from '../domain/asn.js';
import { messageOf } from '../domain/errors.js';
import { formatPrefix, type Prefix, parsePrefix } from '../domain/ip-address.js';
import { type DataFile, forEachDataLine } from './data-file.js';
import type { SubdomainPrefixes } from './operator-network.js';

/** The same ids as in the configuration. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws OperatorError with file and line, also if two sub-domains have the same prefix */
export function parseSubdomainCsv(file: DataFile): SubdomainPrefixes[] {
  const subdomains = new Map<
    string,
    {
      id: string;
      prefixes: Prefix[];
      asn?: number;
      uplinkBpsMax?: number;
      from: { file: string; lines: number[] };
    }
  >();
  const lineOfPrefix = new Map<string, number>();
  let heading = true;
  forEachDataLine(file, (start, end, line) => {
    const [prefixText = '', id = '', asnText = '', uplinkText = '', ...rest] = file.bytes
      .toString('utf8', start, end)
      .split(',')
      .map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
    const first = heading;
    heading = false;
    if (first && !/[.:]/.test(prefixText)) return undefined;
    try {
      const prefix = parsePrefix(prefixText);
      if (!ID.test(id)) return `"${id.slice(0, 60)}" is not the id of a sub-domain (letters, digits, "-", "_", ".")`;
      if (rest.length > 0) return 'more than four fields; expected prefix,subdomain[,asn[,uplinkBpsMax]]';
      if (!/^\d{0,12}$/.test(uplinkText) || /^0+$/.test(uplinkText)) {
        return `"${uplinkText.slice(0, 60)}" is not an uplink in bits per second, e.g. 40000000`;
      }
      const name = formatPrefix(prefix);
      const earlier = lineOfPrefix.get(name);
      if (earlier !== undefined) return `${name} is already in line ${earlier}`;
      lineOfPrefix.set(name, line);
      const asn = asnText === '' ? undefined : parseAsn(asnText);
      // One entry for each AS and uplink: a sub-domain may span two AS. The AS decides the tier, the uplink limits reports.
      const key = `${id} ${asn ?? ''} ${uplinkText}`;
      const entry = subdomains.get(key);
      if (entry !== undefined) {
        entry.prefixes.push(prefix);
        entry.from.lines.push(line);
      } else {
        subdomains.set(key, {
          id,
          prefixes: [prefix],
          from: { file: file.path, lines: [line] },
          ...(asn === undefined ? {} : { asn }),
          ...(uplinkText === '' ? {} : { uplinkBpsMax: Number(uplinkText) }),
        });
      }
    } catch (thrown) {
      return messageOf(thrown);
    }
    return undefined;
  });
  return [...subdomains.values()];
}
