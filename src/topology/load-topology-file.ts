/** Loads a data file of any kind, and measures its size so that two versions can be compared. */

import { type AsOrganisations, parseAsOrganisations } from './as-organisations.js';
import type { AsRelationshipsFile } from './as-relationships-file.js';
import { parseAsRelationships } from './as-relationships-file.js';
import { parseAsnCsv } from './asn-csv.js';
import type { AsnDatabase } from './asn-database.js';
import { type DataFile, readDataFile } from './data-file.js';
import { isMmdb, parseMmdb } from './mmdb.js';
import type { SubdomainPrefixes } from './operator-network.js';
import { parsePrefix2As } from './prefix2as.js';
import { parseSubdomainCsv } from './subdomain-csv.js';

/** `asn-database` is an MMDB or a CSV, detected from the content; the other kinds are those of `topology import --as`. */
export type TopologyFileKind = 'asn-database' | ImportKind;
export const IMPORT_KINDS = ['asn-csv', 'prefix2as', 'as-rel', 'as2org', 'subdomains'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

export type TopologyFileContent =
  | { readonly holds: 'addresses'; readonly database: AsnDatabase }
  | { readonly holds: 'relationships'; readonly relationships: AsRelationshipsFile }
  | { readonly holds: 'organisations'; readonly organisations: AsOrganisations }
  | { readonly holds: 'subdomains'; readonly subdomains: readonly SubdomainPrefixes[] };

export interface LoadedTopologyFile {
  readonly kind: TopologyFileKind;
  readonly path: string;
  /** Modification time of the file. */
  readonly modifiedAtMs: number;
  readonly content: TopologyFileContent;
}

/** @throws OperatorError with the file and, in text files, the line */
export async function loadTopologyFile(kind: TopologyFileKind, path: string): Promise<LoadedTopologyFile> {
  const file = await readDataFile(path);
  return { kind, path, modifiedAtMs: file.modifiedAtMs, content: parse(kind, file) };
}

function parse(kind: TopologyFileKind, file: DataFile): TopologyFileContent {
  switch (kind) {
    case 'asn-database':
      return { holds: 'addresses', database: isMmdb(file.bytes) ? parseMmdb(file) : parseAsnCsv(file) };
    case 'asn-csv':
      return { holds: 'addresses', database: parseAsnCsv(file) };
    case 'prefix2as':
      return { holds: 'addresses', database: parsePrefix2As(file) };
    case 'as-rel':
      return { holds: 'relationships', relationships: parseAsRelationships(file) };
    case 'as2org':
      return { holds: 'organisations', organisations: parseAsOrganisations(file) };
    case 'subdomains':
      return { holds: 'subdomains', subdomains: parseSubdomainCsv(file) };
  }
}

/** The size of a file's content in units that an operator knows. */
export function measureOf(content: TopologyFileContent): ReadonlyMap<string, number> {
  switch (content.holds) {
    case 'addresses': {
      const { database } = content;
      return new Map([
        ['IPv4 ranges', database.ipv4Count],
        ['IPv6 ranges', database.ipv6Count],
      ]);
    }
    case 'relationships':
      return new Map([
        ['transit links', content.relationships.transitCount],
        ['peerings', content.relationships.peeringCount],
      ]);
    case 'organisations':
      return new Map([
        ['AS', content.organisations.asCount],
        ['organisations', content.organisations.organisationCount],
      ]);
    case 'subdomains':
      return new Map([
        ['sub-domains', new Set(content.subdomains.map((subdomain) => subdomain.id)).size],
        ['prefixes', content.subdomains.reduce((sum, subdomain) => sum + subdomain.prefixes.length, 0)],
      ]);
  }
}
