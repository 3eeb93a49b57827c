/** Writes a MaxMind DB (format 2.0) of AS numbers, for tests: search tree, data section and metadata, nothing clever. */
import { parsePrefix } from '../../../src/domain/ip-address.js';

export interface MmdbRow {
  readonly prefix: string;
  readonly asn: number;
  readonly organisation: string;
}

type Child = Node | number | undefined;
interface Node {
  left: Child;
  right: Child;
}

/** @param aliases also hangs the IPv4 tree under ::ffff:0:0/96, as published databases do */
export function mmdbFile(
  rows: readonly MmdbRow[],
  options: { recordSize: 24 | 28 | 32; ipVersion: 4 | 6; aliases?: boolean },
): Buffer {
  const root: Node = { left: undefined, right: undefined };
  rows.forEach(({ prefix }, row) => {
    const { address, length } = parsePrefix(prefix);
    const bits = [...address.words].map((word) => word.toString(2).padStart(32, '0')).join('');
    const path = (options.ipVersion === 6 && address.family === 4 ? '0'.repeat(96) : '') + bits.slice(0, length);
    insert(root, path, row);
  });
  if (options.aliases === true) {
    let ipv4: Child = root;
    for (let depth = 0; depth < 96; depth++) ipv4 = (ipv4 as Node).left;
    insert(root, `${'0'.repeat(80)}${'1'.repeat(16)}`, ipv4);
  }

  const nodes: Node[] = [];
  const numbers = new Map<Node, number>();
  const collect = (child: Child): void => {
    if (typeof child !== 'object' || numbers.has(child)) return;
    numbers.set(child, nodes.length);
    nodes.push(child);
    collect(child.left);
    collect(child.right);
  };
  collect(root);

  const offsets: number[] = [];
  const data: Buffer[] = [];
  let length = 0;
  for (const { asn, organisation } of rows) {
    offsets.push(length);
    const record = map({ autonomous_system_number: uint32(asn), autonomous_system_organization: text(organisation) });
    data.push(record);
    length += record.length;
  }
  const value = (child: Child): number =>
    child === undefined
      ? nodes.length
      : typeof child === 'number'
        ? nodes.length + 16 + offsets[child]!
        : numbers.get(child)!;
  const tree = nodes.map((node) => nodeBytes(value(node.left), value(node.right), options.recordSize));
  const metadata = map({
    binary_format_major_version: uint16(2),
    binary_format_minor_version: uint16(0),
    build_epoch: uint64(1_700_000_000),
    database_type: text('Test-ASN'),
    description: map({}),
    ip_version: uint16(options.ipVersion),
    languages: Buffer.from([0x00, 0x04]),
    node_count: uint32(nodes.length),
    record_size: uint16(options.recordSize),
  });
  return Buffer.concat([
    ...tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ]);
}

function insert(root: Node, path: string, leaf: Child): void {
  let node = root;
  for (let i = 0; i < path.length; i++) {
    const side = path[i] === '0' ? 'left' : 'right';
    if (i === path.length - 1) node[side] = leaf;
    else {
      let next = node[side];
      // A shorter prefix that was a leaf is pushed down to both sides.
      if (typeof next !== 'object') {
        next = { left: next, right: next };
        node[side] = next;
      }
      node = next;
    }
  }
}

function nodeBytes(left: number, right: number, recordSize: number): Buffer {
  const bytes = Buffer.alloc((recordSize * 2) / 8);
  if (recordSize === 28) {
    bytes.writeUIntBE(left & 0xffffff, 0, 3);
    bytes[3] = ((left >>> 24) << 4) | (right >>> 24);
    bytes.writeUIntBE(right & 0xffffff, 4, 3);
  } else {
    bytes.writeUIntBE(left, 0, recordSize / 8);
    bytes.writeUIntBE(right, recordSize / 8, recordSize / 8);
  }
  return bytes;
}

/** Fields of types up to 7 have it in the first three bits; others in a second byte, less 7. */
function map(fields: Record<string, Buffer>): Buffer {
  const entries = Object.entries(fields).flatMap(([name, value]) => [text(name), value]);
  return Buffer.concat([Buffer.from([(7 << 5) | Object.keys(fields).length]), ...entries]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const size =
    bytes.length < 29 ? Buffer.from([(2 << 5) | bytes.length]) : Buffer.from([(2 << 5) | 29, bytes.length - 29]);
  return Buffer.concat([size, bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.from([(5 << 5) | 2, value >>> 8, value & 255]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(5, (6 << 5) | 4);
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(10, 8);
  bytes[1] = 2;
  bytes.writeBigUInt64BE(BigInt(value), 2);
  return bytes;
}
