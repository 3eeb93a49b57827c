/** Which torrents may be in the catalogue at all: what the operator has denied or pinned, and the lists of the tracker. */
import type { InfoHash } from '../domain/info-hash.js';
import type { CatalogueDecisions } from '../store/sqlite/catalogue-decisions.js';

export interface TorrentPolicy {
  /** @returns why this torrent is neither crawled nor published; undefined if it may be */
  refusal(infoHash: InfoHash): string | undefined;
  /** @returns why the operator does not want this torrent; undefined for all others, also those that no list allows */
  denial(infoHash: InfoHash): string | undefined;
  /** Torrents that always have a rank. */
  pinned(): ReadonlySet<InfoHash>;
}

/** The lists of the tracker's configuration. */
export interface TrackerLists {
  readonly denied: ReadonlySet<InfoHash>;
  /** Undefined: the tracker serves all torrents, or those of the catalogue. */
  readonly allowed: ReadonlySet<InfoHash> | undefined;
}

/** @param lists called each time, because a reload changes them */
export function torrentPolicy(decisions: CatalogueDecisions, lists: () => TrackerLists): TorrentPolicy {
  const denial = (infoHash: InfoHash): string | undefined => {
    const decided = decisions.decisionOn(infoHash);
    if (decided?.decision === 'deny') {
      return decided.reason === undefined
        ? 'the operator has denied it'
        : `the operator has denied it: ${decided.reason}`;
    }
    return lists().denied.has(infoHash)
      ? 'it is on the deny list of the tracker (tracker.denyList.torrents)'
      : undefined;
  };
  return {
    denial,
    refusal: (infoHash) => {
      const denied = denial(infoHash);
      if (denied !== undefined) return denied;
      return lists().allowed?.has(infoHash) === false
        ? 'it is not on the list of the tracker (tracker.torrents)'
        : undefined;
    },
    pinned: () =>
      new Set(
        decisions
          .decisions()
          .filter(({ decision }) => decision === 'pin')
          .map(({ infoHash }) => infoHash),
      ),
  };
}
