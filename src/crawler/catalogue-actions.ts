/** What an operator does to torrents of the catalogue by hand. Each change gets an entry in the log of the catalogue. */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { LogAction } from '../store/sqlite/catalogue-log.js';
import { type FoundNumbers, rankInWords } from './popularity.js';

export const CATALOGUE_ACTIONS = ['pin', 'unpin', 'remove', 'deny', 'allow', 'refetch'] as const;
export type CatalogueAction = (typeof CATALOGUE_ACTIONS)[number];

export interface ActionRequest {
  readonly action: CatalogueAction;
  readonly infoHash: InfoHash;
  /** For people: the log and the decision keep it. Visitors see that of a denial. */
  readonly reason?: string | undefined;
  /** Who does it. */
  readonly actor: string;
}

export interface ActionOutcome {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly action: CatalogueAction;
  /** One sentence: what is different now. */
  readonly result: string;
}

export interface CatalogueActionsOptions {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Called after each change: the tracker takes it over. */
  readonly onChange: () => void;
}

/** @throws ClientError `not-found` if there is nothing to change, `unprocessable` if it contradicts another decision */
export function actOnCatalogue(
  request: ActionRequest,
  { catalogue, clock, onChange }: CatalogueActionsOptions,
): ActionOutcome {
  const { action, infoHash, reason, actor } = request;
  const torrent = catalogue.get(infoHash);
  const hybrid = torrent?.hybridInfoHash;
  const hashes = [torrent?.infoHash ?? infoHash, ...(hybrid === undefined ? [] : [hybrid])];
  const first = torrent?.infoHash ?? infoHash;
  const name = torrent?.name ?? infoHash;
  const decided = catalogue.decisionOn(infoHash)?.decision;
  const atMs = clock.nowMs();
  const log = (logged: LogAction): void => {
    const details = reason === undefined ? {} : { reason };
    catalogue.addLogEntry({ atMs, infoHash: first, name, action: logged, actor, source: torrent?.source, details });
  };
  const inCatalogue = (): void => {
    if (torrent === undefined) throw new ClientError('not-found', `${infoHash} is not in the catalogue`);
  };
  const result = catalogue.atomically((): string => {
    switch (action) {
      case 'pin':
        if (decided === 'deny') throw new ClientError('unprocessable', `${infoHash} is denied; allow it first`);
        catalogue.decide({ infoHash: first, decision: 'pin', reason, actor, atMs });
        log('pinned');
        return torrent === undefined
          ? 'It gets a rank as soon as a source names it.'
          : 'It keeps a rank from the next crawl on.';
      case 'unpin':
        withdraw('pin', 'pinned');
        log('unpinned');
        return 'Its popularity decides on its rank, from the next crawl on.';
      case 'remove':
        inCatalogue();
        catalogue.remove([first]);
        log('removed');
        return 'It is gone until a source names it again; "deny" keeps it away.';
      case 'deny':
        for (const each of hashes) catalogue.decide({ infoHash: each, decision: 'deny', reason, actor, atMs });
        catalogue.remove([first]);
        log('denied');
        return 'It is neither crawled nor published nor tracked.';
      case 'allow':
        withdraw('deny', 'denied');
        log('allowed');
        return 'The next crawl may take it.';
      case 'refetch':
        inCatalogue();
        catalogue.expire(first);
        return 'The next crawl fetches its file again.';
    }
  });
  onChange();
  return { infoHash: first, name, action, result };

  function withdraw(decision: 'pin' | 'deny', word: string): void {
    if (!catalogue.withdrawDecision(first, decision)) {
      throw new ClientError('not-found', `${infoHash} is not ${word}${decision === 'deny' ? ' by hand' : ''}`);
    }
  }
}

/** All that is known of one torrent, for people and scripts. */
export function describeTorrent(infoHash: InfoHash, catalogue: Catalogue): Record<string, unknown> {
  const torrent = catalogue.get(infoHash);
  const decision = catalogue.decisionOn(infoHash);
  const explanation = explainRank(infoHash, catalogue);
  const log = catalogue.logEntries({ infoHash: torrent?.infoHash ?? infoHash, limit: 20 });
  if (torrent === undefined && decision === undefined && explanation === undefined && log.length === 0) {
    throw new ClientError('not-found', `${infoHash} is not in the catalogue, and no crawl has seen it`);
  }
  const { files: _files, ...summary } = torrent ?? {};
  return {
    infoHash,
    ...summary,
    offers: torrent === undefined ? [] : catalogue.offers(torrent.infoHash),
    decision,
    explanation: explanation ?? [],
    log,
  };
}

/** Why a torrent has its rank, in sentences, by the numbers of the latest crawl; undefined if no crawl has compared it. */
export function explainRank(infoHash: InfoHash, catalogue: Catalogue): string[] | undefined {
  const torrent = catalogue.get(infoHash);
  const stored = catalogue.popularityOf(torrent?.infoHash ?? infoHash);
  if (stored === undefined) return undefined;
  const name = torrent?.name ?? infoHash;
  const found = stored.numbers as FoundNumbers;
  const lines = rankInWords(name, stored.popularity, found);
  if (found.rank === undefined || torrent?.rank !== undefined) return lines;
  return [
    `${name} had rank ${found.rank} of ${found.top} at the latest crawl, and was removed after it.`,
    ...lines.slice(1),
  ];
}
