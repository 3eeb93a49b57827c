/**
 * Reads AS numbers from a MaxMind DB (GeoLite2-ASN, DB-IP ASN). The data plane needs a flat table, so this module walks
 * the whole search tree once (MaxMind DB format 2.0, "Binary Search Tree Section"). The library decodes the records, one
 * for each distinct data pointer.
 */
import { type AsnResponse, Reader } from 'maxmind';
import { messageOf, OperatorError } from '../domain/errors.js';
import { formatIp, ipv4FromWord } from '../domain/ip-address.js';
import { type AsnDatabase, AsnDatabaseBuilder } from './asn-database.js';
import type { DataFile } from './data-file.js';

const IPV4_DEPTH_IN_IPV6 = 96;
/** The marker before the metadata section; it distinguishes an MMDB from text. */
const METADATA_MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** Visits per node. Aliases are walked once, so a tree that needs more visits has a cycle and is damaged. */
const MAX_VISITS_PER_NODE = 4;

export function isMmdb(bytes: Buffer): boolean {
  return bytes.lastIndexOf(METADATA_MARK) >= 0;
}

/** @throws OperatorError if the file is damaged or has no AS numbers */
export function parseMmdb(file: DataFile): AsnDatabase {
  try {
    const database = new MmdbWalk(file.bytes).run();
    if (database.ipv4Count + database.ipv6Count === 0)
      throw new Error('its records have no autonomous_system_number; use an ASN database');
    return database;
  } catch (thrown) {
    throw new OperatorError(`cannot read ${file.path} as a MaxMind database: ${messageOf(thrown)}`, { cause: thrown });
  }
}

class MmdbWalk {
  readonly #bytes: Buffer;
  readonly #reader: Reader<AsnResponse>;
  readonly #nodeCount: number;
  readonly #recordBits: number;
  readonly #bits: 32 | 128;
  /** The node of the IPv4 addresses in an IPv6 tree; other paths to it are aliases (6to4, Teredo, IPv4-mapped). */
  readonly #ipv4Node: number;
  readonly #database = new AsnDatabaseBuilder();
  readonly #asnByPointer = new Map<number, number>();
  readonly #path = new Uint32Array(4);
  readonly #last = new Uint32Array(4);
  #visits = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#reader = new Reader<AsnResponse>(bytes);
    const { nodeCount, recordSize, ipVersion } = this.#reader.metadata;
    this.#nodeCount = nodeCount;
    this.#recordBits = recordSize;
    this.#bits = ipVersion === 4 ? 32 : 128;
    let node = 0;
    for (let depth = 0; ipVersion === 6 && depth < IPV4_DEPTH_IN_IPV6 && node < nodeCount; depth++) {
      node = this.#record(node, 0);
    }
    this.#ipv4Node = node;
  }

  run(): AsnDatabase {
    this.#visit(0, 0);
    return this.#database.build();
  }

  #visit(node: number, depth: number): void {
    if (node === this.#nodeCount) return;
    if (node > this.#nodeCount) {
      this.#leaf(node, depth);
      return;
    }
    if (this.#bits === 128 && node === this.#ipv4Node && !(depth === IPV4_DEPTH_IN_IPV6 && this.#isIpv4())) return;
    if (depth === this.#bits || ++this.#visits > MAX_VISITS_PER_NODE * this.#nodeCount) {
      throw new Error('its search tree is damaged');
    }
    const word = depth >>> 5;
    const bit = (0x80000000 >>> (depth & 31)) >>> 0;
    this.#visit(this.#record(node, 0), depth + 1);
    this.#path[word] = this.#path[word]! | bit;
    this.#visit(this.#record(node, 1), depth + 1);
    this.#path[word] = this.#path[word]! & ~bit;
  }

  /** `pointer` covers all addresses that start with the first `depth` bits of the path. */
  #leaf(pointer: number, depth: number): void {
    const path = this.#path;
    const ipv4 = this.#bits === 32 || (depth >= IPV4_DEPTH_IN_IPV6 && this.#isIpv4());
    let asn = this.#asnByPointer.get(pointer);
    if (asn === undefined) {
      const word = path[this.#bits === 32 ? 0 : 3]!;
      const text = ipv4 ? formatIp(ipv4FromWord(word)) : formatIp({ family: 6, words: [...path] });
      const record = this.#reader.get(text);
      asn = record?.autonomous_system_number ?? 0;
      this.#asnByPointer.set(pointer, asn);
      if (asn !== 0 && record !== null) this.#database.organisations.set(asn, record.autonomous_system_organization);
    }
    if (asn === 0) return;
    for (let w = 0; w < 4; w++) {
      const fixed = depth - 32 * w;
      const host = fixed >= 32 ? 0 : fixed <= 0 ? 0xffffffff : 0xffffffff >>> fixed;
      this.#last[w] = path[w]! | host;
    }
    if (ipv4) {
      const w = this.#bits === 32 ? 0 : 3;
      this.#database.ipv4.add4(path[w]!, this.#last[w]!, asn);
    } else {
      this.#database.ipv6.add6(path, 0, this.#last, 0, asn);
    }
  }

  #isIpv4(): boolean {
    return this.#path[0] === 0 && this.#path[1] === 0 && this.#path[2] === 0;
  }

  /** Left (0) or right (1) record of a node, of 24, 28 or 32 bits. */
  #record(node: number, side: 0 | 1): number {
    const bytes = this.#bytes;
    if (this.#recordBits === 28) {
      const at = node * 7;
      const middle = bytes.readUInt8(at + 3);
      return side === 0
        ? (middle >>> 4) * 2 ** 24 + bytes.readUIntBE(at, 3)
        : (middle & 15) * 2 ** 24 + bytes.readUIntBE(at + 4, 3);
    }
    const size = this.#recordBits / 8;
    return bytes.readUIntBE((node * 2 + side) * size, size);
  }
}
