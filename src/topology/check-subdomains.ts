/**
 * Whether an address plan fits the operator's network. A prefix outside of it would count as inner and cost nothing,
 * whoever owns it, so a plan that has one is refused completely.
 */
import type { FileProblem } from '../domain/errors.js';
import { formatPrefix, type Prefix, prefixContains } from '../domain/ip-address.js';
import type { SubdomainPrefixes } from './operator-network.js';

/** An error of one kind mostly comes with many of the same; the operator needs the first few. */
const MAX_TOLD = 10;

/**
 * @param plan sub-domains of files and of the configuration
 * @param ownAsns the operator's AS, siblings included
 * @returns the problems, with the file and line where the entry comes from a file
 */
export function subdomainProblems(
  plan: readonly SubdomainPrefixes[],
  networks: readonly { readonly prefixes: readonly Prefix[] }[],
  ownAsns: readonly number[],
): FileProblem[] {
  const own = networks.flatMap((network) => network.prefixes);
  const owner = new Map<string, string>();
  const problems: FileProblem[] = [];
  let file: string | undefined;
  const report = (message: string): void => void problems.push({ file, message });
  for (const { id, prefixes, asn, from } of plan) {
    file = from?.file;
    prefixes.forEach((prefix, i) => {
      const text = formatPrefix(prefix);
      const where = from === undefined ? '' : `${from.file}:${from.lines[i]}: `;
      if (!own.some((each) => each.length <= prefix.length && prefixContains(each, prefix.address))) {
        report(`${where}${text} of sub-domain "${id}" lies outside operator.networks; add it there or remove it`);
      }
      if (asn !== undefined && !ownAsns.includes(asn)) {
        report(`${where}AS${asn} of sub-domain "${id}" is not one of operator.networks; add it there or remove it`);
      }
      const other = owner.get(text) ?? id;
      if (other !== id)
        report(`${where}${text} is already a prefix of sub-domain "${other}"; write it for one of them`);
      owner.set(text, id);
    });
  }
  const left = problems.length - MAX_TOLD;
  return left > 0
    ? [...problems.slice(0, MAX_TOLD), { message: `and ${left} more problems of the address plan` }]
    : problems;
}
