/** Numbers of the DNS registries of IANA that this program names. https://www.iana.org/assignments/dns-parameters */

export const DNS_HEADER_BYTES = 12;

export const OPCODE_QUERY = 0;
export const OPCODE_NOTIFY = 4;

/** Bits of the header's second word (RFC 1035 section 4.1.1, RFC 4035 section 3). */
export const FLAG_RESPONSE = 0x8000;
export const FLAG_AUTHORITATIVE = 0x0400;
export const FLAG_TRUNCATED = 0x0200;
export const FLAG_RECURSION_DESIRED = 0x0100;
export const FLAG_RECURSION_AVAILABLE = 0x0080;
export const FLAG_AUTHENTIC_DATA = 0x0020;
export const FLAG_CHECKING_DISABLED = 0x0010;

export const RCODE_NOERROR = 0;
export const RCODE_FORMERR = 1;
export const RCODE_SERVFAIL = 2;
export const RCODE_NXDOMAIN = 3;
export const RCODE_NOTIMP = 4;
export const RCODE_REFUSED = 5;
export const RCODE_NOTAUTH = 9;
/** RFC 6891 section 6.1.3. The upper bits travel in the OPT record. */
export const RCODE_BADVERS = 16;
/** RFC 7873 section 8. */
export const RCODE_BADCOOKIE = 23;

export const CLASS_IN = 1;
export const CLASS_ANY = 255;

export const TYPE_A = 1;
export const TYPE_NS = 2;
export const TYPE_CNAME = 5;
export const TYPE_SOA = 6;
export const TYPE_PTR = 12;
export const TYPE_MX = 15;
export const TYPE_TXT = 16;
export const TYPE_AAAA = 28;
export const TYPE_SRV = 33;
export const TYPE_DNAME = 39;
export const TYPE_OPT = 41;
export const TYPE_DS = 43;
export const TYPE_RRSIG = 46;
export const TYPE_NSEC = 47;
export const TYPE_DNSKEY = 48;
export const TYPE_NSEC3 = 50;
export const TYPE_SVCB = 64;
export const TYPE_HTTPS = 65;
export const TYPE_TSIG = 250;
export const TYPE_IXFR = 251;
export const TYPE_AXFR = 252;
export const TYPE_ANY = 255;
export const TYPE_CAA = 257;

/** Codes of EDNS options. */
export const OPTION_COOKIE = 10;
export const OPTION_TCP_KEEPALIVE = 11;
export const OPTION_PADDING = 12;
export const OPTION_EXTENDED_ERROR = 15;

/** RFC 8914. */
export const EDE_STALE_ANSWER = 3;
export const EDE_FORGED_ANSWER = 4;
export const EDE_PROHIBITED = 18;
export const EDE_NO_REACHABLE_AUTHORITY = 22;
export const EDE_NETWORK_ERROR = 23;
