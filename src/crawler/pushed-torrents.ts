/** Torrents that cooperating sites push with their popularity, and withdraw. They are candidates of the next crawls. */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { Candidate } from './candidate.js';
import { MAX_PUSHED_PER_SOURCE, PUSH_LIFETIME_MS } from './limits.js';

/** What a site says of a torrent. */
export type PushedCandidate = Omit<Candidate, 'source' | 'infoHash' | 'measured' | 'weight' | 'places'> & {
  readonly infoHash: InfoHash;
};

export interface CataloguePush {
  readonly torrents: readonly PushedCandidate[];
  readonly withdraw: readonly InfoHash[];
}

export interface PushResult {
  readonly accepted: number;
  /** How many of the withdrawn torrents were pushed before. */
  readonly withdrawn: number;
  /** How many torrents of the site are known now. */
  readonly total: number;
}

export interface PushContext {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Called if a torrent has left the catalogue. */
  readonly onChange: () => void;
}

/** Repeating a push changes nothing. @throws ClientError `unprocessable` if the site has too many torrents */
export function receivePush(source: string, { torrents, withdraw }: CataloguePush, context: PushContext): PushResult {
  const { catalogue, clock, onChange } = context;
  const nowMs = clock.nowMs();
  let removed = 0;
  const result = catalogue.atomically((): PushResult => {
    catalogue.push(
      source,
      torrents.map(({ infoHash, ...candidate }) => ({ infoHash, candidate })),
      nowMs,
    );
    const withdrawn = catalogue.withdrawPushed(source, withdraw);
    const total = catalogue.countPushed(source);
    if (total > MAX_PUSHED_PER_SOURCE) {
      throw new ClientError(
        'unprocessable',
        `a site may have ${MAX_PUSHED_PER_SOURCE} torrents here; withdraw others first`,
      );
    }
    for (const infoHash of withdraw) if (withdrawPublished(infoHash, source, nowMs, catalogue)) removed++;
    return { accepted: torrents.length, withdrawn, total };
  });
  if (removed > 0) onChange();
  return result;
}

/** A torrent that other sources offer, too, stays. @returns whether it has left the catalogue */
function withdrawPublished(infoHash: InfoHash, source: string, nowMs: number, catalogue: Catalogue): boolean {
  const torrent = catalogue.get(infoHash);
  if (torrent === undefined || torrent.source !== source) return false;
  if (catalogue.offers(torrent.infoHash).some((offer) => offer.source !== source)) return false;
  catalogue.remove([torrent.infoHash]);
  const { name } = torrent;
  const details = { reason: 'its site has withdrawn it' };
  catalogue.addLogEntry({
    atMs: nowMs,
    infoHash: torrent.infoHash,
    name,
    action: 'removed',
    actor: source,
    source,
    details,
  });
  return true;
}

/** The candidates of a source that pushes. */
export function pushedCandidates(source: string, catalogue: Pick<Catalogue, 'pushed'>, nowMs: number): Candidate[] {
  return catalogue
    .pushed(source, nowMs - PUSH_LIFETIME_MS)
    .map(({ infoHash, candidate }) => ({ ...(candidate as Omit<PushedCandidate, 'infoHash'>), source, infoHash }));
}
