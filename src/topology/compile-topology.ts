/**
 * Compiles every source of address data into one topology: the flat table for the data plane and a readable table for the
 * control plane. Within a source the longest prefix wins. The operator's own prefixes win over every source.
 */
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import { asGroupName, type LocalityGroup, UNKNOWN_GROUP } from '../domain/locality-group.js';
import { type AddressSegments, emptySegments, overlay, relabel, segmentOf } from './address-segments.js';
import { flatTopologyData } from './flat-table.js';
import type { GroupRegistry } from './group-registry.js';
import { type OperatorNetwork, type OwnLabel, ownSegments } from './operator-network.js';
import type { TopologyData } from './topology-table.js';

/** The AS that announces each address, as a loader returns it: values are AS numbers, 0 if unknown. */
export interface AsnSegments {
  readonly ipv4: AddressSegments;
  readonly ipv6: AddressSegments;
}

export interface TopologyInput {
  readonly version: number;
  readonly operator: OperatorNetwork;
  /** Data about other networks; for an address in several databases the last one wins. */
  readonly databases: readonly AsnSegments[];
  /** AS of the operator without configured prefixes (from as2org, or `networks` without prefixes). */
  readonly siblingAsns?: readonly number[];
  /** AS that get a group before all others: billed neighbours, related AS and AS with overrides. */
  readonly importantAsns?: Iterable<number>;
  readonly organisationOf?: (asn: number) => string | undefined;
  readonly groups: GroupRegistry;
}

export interface AddressDescription {
  readonly group: number;
  readonly groupName: string;
  readonly kind: LocalityGroup['kind'];
  /** 0 if unknown. */
  readonly asn: number;
  readonly organisation?: string;
  /** `own`, or the name of the foreign operator; the AS number if the name is unknown. */
  readonly operator: string;
  readonly subdomain?: string;
}

export interface CompiledTopology {
  readonly data: TopologyData;
  /** Indexed by group number, including numbers that are no longer in use; `undefined` marks a gap. */
  readonly groups: readonly (LocalityGroup | undefined)[];
  /** Number of segments in each table, as a measure of size for the operator. */
  readonly segmentCount: { readonly ipv4: number; readonly ipv6: number };
  describe(address: IpAddress | string): AddressDescription;
}

export function compileTopology(input: TopologyInput): CompiledTopology {
  const own = ownSegments(input.operator);
  const ownAsns = new Set([...input.operator.networks.map((network) => network.asn), ...(input.siblingAsns ?? [])]);
  const labels = new LabelList(own.labels);
  const label = (family: 'ipv4' | 'ipv6'): AddressSegments => {
    const foreign = input.databases
      .map((database) => database[family])
      .reduce(overlay, emptySegments(family === 'ipv4' ? 4 : 6));
    return overlay(labels.labelAsns(foreign), own[family]);
  };
  const ipv4 = label('ipv4');
  const ipv6 = label('ipv6');

  const space = addressSpaceByLabel(labels.count, ipv4, ipv6);
  const foreignNames = labels
    .foreignLabels(ownAsns)
    .sort((a, b) => space[b]! - space[a]! || labels.asnOf(a) - labels.asnOf(b))
    .map((label) => labels.groupName(label));
  const ownNames = [...new Set([...own.labels.map((l) => l.groupName), ...[...ownAsns].map(asGroupName)])];
  input.groups.assign(ownNames, [...[...(input.importantAsns ?? [])].map(asGroupName), ...foreignNames]);

  const groupOf = new Uint16Array(labels.count + 1);
  for (let i = 1; i <= labels.count; i++) groupOf[i] = input.groups.numberOf(labels.groupName(i));
  const groups = listGroups(input, own.labels, ownAsns);

  return {
    data: flatTopologyData(input.version, relabel(ipv4, groupOf), relabel(ipv6, groupOf)),
    groups,
    segmentCount: { ipv4: ipv4.count, ipv6: ipv6.count },
    describe(address) {
      const parsed = typeof address === 'string' ? parseIp(address) : address;
      const segments = parsed.family === 4 ? ipv4 : ipv6;
      const value = segments.values[segmentOf(segments, parsed.words)]!;
      const group = groups[groupOf[value]!] ?? groups[UNKNOWN_GROUP]!;
      const asn = labels.asnOf(value);
      const organisation = asn === 0 ? undefined : input.organisationOf?.(asn);
      const inner = group.kind !== 'foreign-as' && group.kind !== 'unknown';
      return {
        group: group.number,
        groupName: group.name,
        kind: group.kind === 'unknown' && asn !== 0 ? 'foreign-as' : group.kind,
        asn,
        operator: inner ? 'own' : (organisation ?? (asn === 0 ? 'unknown' : `AS${asn}`)),
        ...(organisation === undefined ? {} : { organisation }),
        ...(group.subdomain === undefined ? {} : { subdomain: group.subdomain }),
      };
    },
  };
}

/** Labels of segments: 1 to `own.length` are the operator's, each further label is one AS. */
class LabelList {
  readonly #own: readonly OwnLabel[];
  readonly #labels = new Map<number, number>();
  readonly #asnList: number[] = [];

  constructor(own: readonly OwnLabel[]) {
    this.#own = own;
  }

  /** Labels of foreign AS. */
  foreignLabels(ownAsns: ReadonlySet<number>): number[] {
    return this.#asnList.map((_, i) => this.#own.length + 1 + i).filter((label) => !ownAsns.has(this.asnOf(label)));
  }

  get count(): number {
    return this.#own.length + this.#asnList.length;
  }

  labelAsns(segments: AddressSegments): AddressSegments {
    const values = new Uint32Array(segments.count);
    for (let i = 0; i < segments.count; i++) {
      const asn = segments.values[i]!;
      if (asn === 0) continue;
      let label = this.#labels.get(asn);
      if (label === undefined) {
        this.#asnList.push(asn);
        label = this.count;
        this.#labels.set(asn, label);
      }
      values[i] = label;
    }
    return { ...segments, values };
  }

  asnOf(label: number): number {
    if (label === 0) return 0;
    return this.#own[label - 1]?.asn ?? this.#asnList[label - 1 - this.#own.length]!;
  }

  groupName(label: number): string {
    return this.#own[label - 1]?.groupName ?? asGroupName(this.asnOf(label));
  }
}

/** Address space by label: IPv4 addresses plus IPv6 /64 networks, scaled to a similar total. */
function addressSpaceByLabel(count: number, ipv4: AddressSegments, ipv6: AddressSegments): Float64Array {
  const space = new Float64Array(count + 1);
  for (let i = 0; i < ipv4.count; i++) {
    const end = i + 1 < ipv4.count ? ipv4.starts[i + 1]! : 2 ** 32;
    space[ipv4.values[i]!]! += end - ipv4.starts[i]!;
  }
  for (let i = 0; i < ipv6.count; i++) {
    const end = i + 1 < ipv6.count ? ipv6.starts[(i + 1) * 4]! * 2 ** 32 + ipv6.starts[(i + 1) * 4 + 1]! : 2 ** 64;
    space[ipv6.values[i]!]! += (end - (ipv6.starts[i * 4]! * 2 ** 32 + ipv6.starts[i * 4 + 1]!)) / 2 ** 29;
  }
  return space;
}

function listGroups(
  input: TopologyInput,
  ownLabels: readonly OwnLabel[],
  ownAsns: ReadonlySet<number>,
): (LocalityGroup | undefined)[] {
  const groups: (LocalityGroup | undefined)[] = [{ number: UNKNOWN_GROUP, name: 'unknown', kind: 'unknown', asn: 0 }];
  const byName = new Map(ownLabels.map((l) => [l.groupName, l]));
  for (const [name, number] of input.groups.entries()) {
    const own = byName.get(name);
    const asn = own?.asn ?? asnOfGroupName(name);
    if (asn === undefined) continue;
    const organisation = input.organisationOf?.(asn);
    groups[number] = {
      number,
      name,
      asn,
      kind: own?.kind ?? (ownAsns.has(asn) ? 'own-as' : 'foreign-as'),
      ...(own?.subdomain === undefined ? {} : { subdomain: own.subdomain }),
      ...(organisation === undefined ? {} : { organisation }),
    };
  }
  return groups;
}

/** `undefined` if the configuration no longer has the sub-domain or cache. */
function asnOfGroupName(name: string): number | undefined {
  const match = /^as:(\d+)$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}
