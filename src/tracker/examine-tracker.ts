/** Lists of info-hashes and the certificate of the tracker, read as its start reads them. */
import { type Finding, findingsOf } from '../config-kit/examine.js';
import { readCertificate } from '../transport/portable/certificate.js';
import { torrentListsOf } from './configured-access.js';
import { tlsMaterial } from './configured-options.js';
import type { TrackerConfig } from './section.js';

export async function examineTracker({ tracker }: Pick<TrackerConfig, 'tracker'>): Promise<Finding[]> {
  const keyOf = (file: string | undefined) =>
    file !== undefined && file === tracker.denyList.torrents
      ? ['tracker', 'denyList', 'torrents']
      : ['tracker', 'torrents'];
  return [
    ...(await findingsOf(keyOf, () => torrentListsOf(tracker))),
    ...(await findingsOf(['tracker', 'tls'], () => tracker.tls && readCertificate(tlsMaterial(tracker.tls)))),
  ];
}
