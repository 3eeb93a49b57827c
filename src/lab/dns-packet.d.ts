/** Types for the part of dns-packet that the lab and tests use: an independent codec to check ours against. */
declare module 'dns-packet' {
  export interface DnsRecord {
    name: string;
    type: string;
    ttl?: number;
    class?: string;
    data?: unknown;
    udpPayloadSize?: number;
    flag_do?: boolean;
    flags?: number;
    options?: unknown[];
  }
  export interface DnsMessage {
    id?: number;
    type?: 'query' | 'response';
    flags?: number;
    opcode?: string;
    rcode?: string;
    flag_tc?: boolean;
    flag_ra?: boolean;
    flag_rd?: boolean;
    flag_aa?: boolean;
    questions?: { name: string; type: string; class?: string }[];
    answers?: DnsRecord[];
    authorities?: DnsRecord[];
    additionals?: DnsRecord[];
  }
  export const RECURSION_DESIRED: number;
  export function encode(message: DnsMessage): Buffer;
  export function decode(packet: Buffer): DnsMessage;
  /** With the length prefix, for TCP. */
  export function streamEncode(message: DnsMessage): Buffer;
}
