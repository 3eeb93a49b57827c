/**
 * CAIDA's as2org maps each AS to its organisation, so that the operator does not have to list its other AS. The file holds
 * two kinds of record. A line `# format:column|column|…` introduces each kind and names its columns.
 */
import { OperatorError } from '../domain/errors.js';
import type { DataFile } from './data-file.js';

export interface AsOrganisations {
  readonly asCount: number;
  readonly organisationCount: number;
  organisationOf(asn: number): string | undefined;
  /** All AS of the organisation, including `asn`; only `asn` if the organisation is unknown. */
  siblingsOf(asn: number): readonly number[];
}

/** @throws OperatorError with file and line */
export function parseAsOrganisations(file: DataFile): AsOrganisations {
  const idOfAsn = new Map<number, string>();
  const nameOfAsn = new Map<number, string>();
  const asnsOfId = new Map<string, number[]>();
  const nameOfId = new Map<string, string>();
  let columns: readonly string[] | undefined;

  const read = (text: string): string | undefined => {
    if (text === '') return undefined;
    if (text.startsWith('#')) {
      const format = /^#\s*format:\s*(\S+)/.exec(text);
      if (format !== null) columns = format[1]!.split('|');
      return undefined;
    }
    if (columns === undefined) return 'a record before the first "# format:" line';
    const values = text.split('|');
    const value = (name: string): string | undefined => values[columns!.indexOf(name)];
    const id = value('org_id');
    if (id === undefined || id === '') return `no org_id in "${text.slice(0, 80)}"`;
    const aut = value('aut');
    if (aut === undefined) {
      nameOfId.set(id, value('org_name') ?? id);
      return undefined;
    }
    const asn = Number(aut);
    if (!/^\d{1,10}$/.test(aut) || asn > 0xffffffff) return `"${aut.slice(0, 40)}" is not an AS number`;
    if (!idOfAsn.has(asn)) {
      idOfAsn.set(asn, id);
      const siblings = asnsOfId.get(id);
      if (siblings === undefined) asnsOfId.set(id, [asn]);
      else siblings.push(asn);
    }
    const name = value('aut_name');
    if (name !== undefined && name !== '') nameOfAsn.set(asn, name);
    return undefined;
  };

  // The format is in comment lines, which `forEachDataLine` skips.
  file.bytes
    .toString('utf8')
    .split(/\r?\n/)
    .forEach((text, i) => {
      const problem = read(text);
      if (problem !== undefined) throw new OperatorError(`${file.path}:${i + 1}: ${problem}`);
    });

  return {
    asCount: idOfAsn.size,
    organisationCount: nameOfId.size,
    organisationOf: (asn) => nameOfId.get(idOfAsn.get(asn) ?? '') ?? nameOfAsn.get(asn),
    siblingsOf: (asn) => asnsOfId.get(idOfAsn.get(asn) ?? '') ?? [asn],
  };
}
