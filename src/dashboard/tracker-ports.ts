/**
 * What the control API shows of the other parts; `src/app` connects the real ones. All of it may be asked of another
 * thread, hence the promises.
 */

/** A document for people and scripts; its shape is the part's own. */
export type Document = Readonly<Record<string, unknown>>;

export interface ListQuery {
  readonly limit: number;
  readonly offset: number;
}

export interface TrackerView {
  /** Why this client would get which peers. @throws ClientError */
  explain(query: {
    readonly infoHash: string;
    readonly ip: string;
    readonly port?: number | undefined;
    readonly numwant?: number | undefined;
  }): Promise<Document>;
  /** The largest swarms first. */
  swarms(query: ListQuery): Promise<{ readonly total: number; readonly swarms: readonly Document[] }>;
  /** undefined: no such swarm. */
  swarm(infoHash: string): Promise<Document | undefined>;
}

export interface CatalogueView {
  torrents(query: ListQuery): Promise<{ readonly total: number; readonly torrents: readonly Document[] }>;
}

export interface RedirectionView {
  redirections(): Promise<readonly Document[]>;
}

export interface PeerPush {
  readonly infoHash: string;
  readonly peers: readonly { readonly address: string; readonly port: number; readonly seed: boolean }[];
  readonly ttlSeconds: number;
}

export interface PushOutcome {
  /** Peers that are in the swarm now. */
  readonly accepted: number;
  /** The others, by reason; empty where all were taken. */
  readonly refused: readonly { readonly reason: string; readonly peers: number }[];
}

export interface UpstreamPort {
  /**
   * Takes what an original tracker knows. @param from its name
   * @throws ClientError where nothing is taken: the tracker does not serve the torrent, or does not run
   */
  pushPeers(push: PeerPush, from: string): Promise<PushOutcome>;
}

export interface Readiness {
  /** Empty: ready. Otherwise why not, one line each. */
  reasons(): readonly string[];
  /** What needs attention although everything is served, one line each. */
  alarms?(): readonly string[];
}
