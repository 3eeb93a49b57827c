/** What the call of the original trackers shows. */
import type { InfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import type { OriginalLimits, OriginalView } from '../original.js';
import type { TorrentsInNeed } from '../torrents-in-need.js';
import type { UpstreamExchange } from '../upstream-exchange.js';
import type { OriginalsAnswer, OriginalsView } from './original-routes.js';

export interface OriginalsViewParts {
  readonly exchange: Pick<UpstreamExchange, 'originals' | 'waitingTorrents' | 'torrentAt' | 'announcedEndpoints'>;
  readonly inNeed: Pick<TorrentsInNeed, 'size'>;
  readonly limits: OriginalLimits;
  readonly trackersOf: (infoHash: InfoHash) => readonly string[];
}

export function originalsView({ exchange, inNeed, limits, trackersOf }: OriginalsViewParts): OriginalsView {
  return {
    originals: ({ limit, offset }, infoHash): OriginalsAnswer => {
      const at = infoHash === undefined ? undefined : exchange.torrentAt(infoHash, trackersOf(infoHash));
      const names = at && new Set(at.map(({ original }) => original));
      const shown = exchange.originals().filter(({ name }) => names === undefined || names.has(name));
      const waiting = exchange.waitingTorrents();
      return {
        total: shown.length,
        limits,
        torrentsInNeed: inNeed.size,
        announcedEndpoints: exchange.announcedEndpoints,
        originals: shown.slice(offset, offset + limit).map((each) => describeOriginal(each, waiting.get(each.name))),
        ...(infoHash === undefined || at === undefined
          ? {}
          : {
              torrent: {
                infoHash,
                trackers: at.map(({ tracker, original, dueMs4, dueMs6 }) => ({
                  tracker: maskUrlSecrets(tracker),
                  original,
                  dueAt: { ipv4: timeOf(dueMs4), ipv6: timeOf(dueMs6) },
                })),
              },
            }),
      };
    },
  };
}

function describeOriginal(
  view: OriginalView,
  waiting: { readonly torrents: number; readonly nextMs: number } | undefined,
): OriginalsAnswer['originals'][number] {
  return {
    name: view.name,
    state: view.state,
    askedAt: timeOf(view.askedMs),
    answeredAt: timeOf(view.answeredMs),
    intervalSeconds: view.intervalSeconds ?? null,
    torrentsWaiting: waiting?.torrents ?? 0,
    nextDueAt: timeOf(waiting?.nextMs ?? 0),
    failures: view.failures,
    failure: view.failure ?? null,
    retryAt: view.state === 'open' ? timeOf(view.retryMs) : null,
    active: view.active,
    waiting: view.waiting,
    requestsLeftThisHour: view.budgetLeft,
  };
}

function timeOf(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}
