/** dns-packet with the types that the tests need: an independent codec to check ours against. */
import * as dnsPacket from 'dns-packet';

export interface DnsRecord {
  name: string;
  type: string;
  ttl?: number;
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

interface DnsCodec {
  encode(message: DnsMessage): Buffer;
  decode(packet: Buffer): DnsMessage;
}

export const { encode, decode } = dnsPacket as unknown as DnsCodec;
