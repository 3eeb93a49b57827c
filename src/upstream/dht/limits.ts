/** Limits of the look-ups in the DHT: on what strangers send, and on how much is asked. */

/** The bucket size of BEP 5: the nodes closest to an info-hash that store its peers. */
export const CLOSEST_NODES = 8;
/** Queries of one look-up that are under way at once. */
export const QUERIES_AT_ONCE = 4;
/** Queries of one look-up in all. One in a network of ten million nodes needs about 30. */
export const MAX_QUERIES = 100;
/** A look-up ends after this time with what it has found. */
export const LOOKUP_TIMEOUT_MS = 20_000;
/** Most nodes answer within half a second, or never. */
export const QUERY_TIMEOUT_MS = 2_000;
/** Nodes that one look-up remembers, the closest ones. */
export const MAX_CANDIDATES = 200;

/** Look-ups at once, and those that wait. Further ones are dropped: the swarm asks again at a later announce. */
export const MAX_CONCURRENT_LOOKUPS = 4;
export const MAX_WAITING_LOOKUPS = 200;
/** Torrents that are remembered, so that none is looked up too often. */
export const MAX_REMEMBERED_TORRENTS = 50_000;
/** The shortest time between two look-ups of a torrent. Nodes keep a peer for about half an hour (BEP 5). */
export const LOOKUP_EVERY_MS = 900_000;
/** The same after a look-up that found nobody: a seed may have joined a moment later. */
export const NOTHING_FOUND_MS = 60_000;
/** How long the peers are handed out. A node lists a peer that has left for up to half an hour. */
export const PEER_TTL_SECONDS = 900;

/** Nodes that answered lately, from which look-ups start. */
export const MAX_KNOWN_NODES = 500;
/** An answer fits into one packet without fragments; a node that sends more is mistaken. */
export const MAX_PACKET_BYTES = 2_048;
/** Nodes usually send 8. */
export const MAX_NODES_PER_ANSWER = 32;
/** One node may not fill the look-up, because the peers that it names are unproven. */
export const MAX_PEERS_PER_NODE = 50;
/** Addresses of one bootstrap name that are asked. */
export const MAX_ADDRESSES_PER_NAME = 4;
/** Nodes use high ports. A low one in an answer may be a service that is to be flooded, such as DNS. */
export const MIN_NODE_PORT = 1_024;
