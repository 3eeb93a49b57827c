/**
 * Peers that an original tracker reports by itself (draft section 4.2: "proactive report from the original tracker"):
 * `POST /api/v1/upstream/peers`. Reads and checks the body; who may send it is decided elsewhere.
 */
import { z } from 'zod';
import { isBogon } from '../domain/bogon.js';
import { ClientError } from '../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import { parseIp } from '../domain/ip-address.js';
import { DEFAULT_INTERVAL_SECONDS, MAX_PEER_TTL_SECONDS, MAX_PUSHED_PEERS } from './limits.js';
import type { ForeignPeer } from './tracker-contact.js';

export interface PushedPeers {
  readonly infoHash: InfoHash;
  readonly peers: readonly ForeignPeer[];
  /** 1 – 7200; what is longer is cut, since the peers would be gone. */
  readonly ttlSeconds: number;
}

const bodySchema = z.strictObject({
  infoHash: z.string(),
  peers: z
    .array(
      z.strictObject({
        address: z.string(),
        port: z.int().min(1).max(65_535),
        seed: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(MAX_PUSHED_PEERS),
  ttlSeconds: z.int().min(1).default(DEFAULT_INTERVAL_SECONDS),
});

/**
 * @param body parsed JSON
 * @param options.lab true: private and loopback addresses are taken
 * @throws ClientError `upstream-peers` (or `info-hash`, `ip-address`): one bad peer refuses the report, none is dropped silently
 */
export function parsePushedPeers(body: unknown, options: { readonly lab?: boolean } = {}): PushedPeers {
  const result = bodySchema.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new ClientError('upstream-peers', `${issue.path.join('.') || 'body'}: ${issue.message}`);
  }
  const { infoHash, peers, ttlSeconds } = result.data;
  return {
    infoHash: parseInfoHash(infoHash),
    peers: peers.map(({ address: text, port, seed }) => {
      const address = parseIp(text);
      if (!options.lab && isBogon(address)) {
        throw new ClientError('upstream-peers', `${text} is not an address on the Internet`);
      }
      return { address, port, seed };
    }),
    ttlSeconds: Math.min(MAX_PEER_TTL_SECONDS, ttlSeconds),
  };
}
