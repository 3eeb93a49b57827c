/** Limits on what readers and originals can make the mirror site hold or wait for, with the reason for each. */

export interface PassThroughLimits {
  /** Connections to one original. Each slow reader holds one, because answers are not stored here. */
  readonly connectionsPerSite: number;
  /** Requests that one subscriber may have under way. A browser opens 6 connections to a name; a household has a few. */
  readonly requestsPerClient: number;
  /** Requests under way in all, waiting ones included. Each costs about 100 kB while its reader is slow. */
  readonly requests: number;
  /** WebSocket connections in all. */
  readonly upgrades: number;
  /** From the end of the request to the head of the answer, and between two parts of its body: as nginx by default. */
  readonly answerTimeoutMs: number;
  /** Of a connection to the original. */
  readonly connectTimeoutMs: number;
  /** A reader who takes and sends nothing for this long is disconnected. Longer than {@link answerTimeoutMs}. */
  readonly readerIdleMs: number;
  /** Of an upgraded connection. Chats send a ping at least every few minutes. */
  readonly upgradeIdleMs: number;
  /** Of an answer's header. Node.js allows the same for requests. */
  readonly headerBytes: number;
  /** A larger torrent passes unchanged. Three in a thousand are larger than 1 MiB. */
  readonly torrentBytes: number;
  /** Of all torrents that are being collected. Beyond it, torrents pass unchanged. */
  readonly collectedBytes: number;
  /** Of a page after its compression is removed. A larger one is cut off: it is made to fill memory. */
  readonly decodedBytes: number;
  /** Names of originals with open connections. Strangers may ask for any subdomain of a site. */
  readonly origins: number;
}

const MIB = 2 ** 20;

export const PASS_THROUGH_LIMITS: PassThroughLimits = {
  connectionsPerSite: 1_024,
  requestsPerClient: 64,
  requests: 5_000,
  upgrades: 2_000,
  answerTimeoutMs: 60_000,
  connectTimeoutMs: 5_000,
  readerIdleMs: 75_000,
  upgradeIdleMs: 600_000,
  headerBytes: 32_768,
  torrentBytes: 10 * MIB,
  collectedBytes: 64 * MIB,
  decodedBytes: 64 * MIB,
  origins: 500,
};
