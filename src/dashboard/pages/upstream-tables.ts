/** Original trackers and what is due at them, for the pages that show them. */
import type { OriginalsAnswer } from '../../upstream/api/original-routes.js';
import { compact, duration, known } from '../frame/show.js';
import { type Table, table } from '../frame/table.js';

type Original = OriginalsAnswer['originals'][number];
type Due = NonNullable<OriginalsAnswer['torrent']>['trackers'][number];

const STATES = { closed: 'is asked', open: 'is left alone', 'half-open': 'is tried' } as const;

const atTime = (text: string | null): string => known(text, (found) => `${found.slice(0, 16).replace('T', ' ')} UTC`);

export function originalsTable(rows: readonly Original[]): Table {
  return table({
    id: 'originals',
    caption: 'Original trackers, the last asked first',
    rows,
    rowKey: ({ name }) => name,
    empty: 'No original tracker was asked yet.',
    columns: [
      { key: 'name', label: 'original tracker', value: ({ name }) => name },
      {
        key: 'state',
        label: 'circuit breaker',
        value: ({ state }) => state,
        show: ({ state }) => `${state}: it ${STATES[state]}`,
        tone: ({ state }) => (state === 'closed' ? 'good' : state === 'open' ? 'bad' : 'warn'),
      },
      { key: 'askedAt', label: 'asked', value: ({ askedAt }) => askedAt, show: ({ askedAt }) => atTime(askedAt) },
      {
        key: 'answeredAt',
        label: 'answered',
        value: ({ answeredAt }) => answeredAt,
        show: ({ answeredAt }) => atTime(answeredAt),
      },
      {
        key: 'intervalSeconds',
        label: 'interval',
        numeric: true,
        value: ({ intervalSeconds }) => intervalSeconds,
        show: ({ intervalSeconds }) => known(intervalSeconds, duration),
      },
      {
        key: 'torrentsWaiting',
        label: 'torrents not due',
        numeric: true,
        value: ({ torrentsWaiting }) => torrentsWaiting,
      },
      {
        key: 'requestsLeftThisHour',
        label: 'requests left this hour',
        numeric: true,
        value: ({ requestsLeftThisHour }) => requestsLeftThisHour,
        show: ({ requestsLeftThisHour }) => compact(requestsLeftThisHour),
      },
      { key: 'failures', label: 'failures', numeric: true, value: ({ failures }) => failures, hint: 'consecutive' },
      { key: 'failure', label: 'last failure', value: ({ failure }) => failure },
      { key: 'retryAt', label: 'tried again', value: ({ retryAt }) => retryAt, show: ({ retryAt }) => atTime(retryAt) },
    ],
  });
}

export function torrentDuesTable(rows: readonly Due[]): Table {
  const dueText = (text: string | null): string => (text === null ? 'now' : atTime(text));
  return table({
    id: 'trackers',
    caption: 'Original trackers of this torrent, and when each may be asked again',
    rows,
    rowKey: ({ tracker }) => tracker,
    empty: 'No original tracker of this torrent is known, or the exchange is switched off.',
    columns: [
      { key: 'tracker', label: 'tracker', value: ({ tracker }) => tracker },
      { key: 'original', label: 'original', value: ({ original: name }) => name },
      {
        key: 'dueIpv4',
        label: 'due, IPv4',
        value: ({ dueAt }) => dueAt.ipv4,
        show: ({ dueAt }) => dueText(dueAt.ipv4),
      },
      {
        key: 'dueIpv6',
        label: 'due, IPv6',
        value: ({ dueAt }) => dueAt.ipv6,
        show: ({ dueAt }) => dueText(dueAt.ipv6),
      },
    ],
  });
}
