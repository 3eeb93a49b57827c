/** What the calls of the catalogue show and do. */
import type { Clock } from '../../domain/clock.js';
import type { Catalogue } from '../../store/sqlite/catalogue.js';
import { actOnCatalogue, describeTorrent } from '../catalogue-actions.js';
import { receivePush } from '../pushed-torrents.js';
import type { CatalogueView } from './catalogue-routes.js';
import type { PushView } from './push-routes.js';

export interface CatalogueViewNeeds {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Called after each change by hand: the tracker takes it over. */
  readonly catalogueChanged: () => void;
}

export function catalogueView({ catalogue, clock, catalogueChanged }: CatalogueViewNeeds): CatalogueView & PushView {
  return {
    push: (source, push) => receivePush(source, push, { catalogue, clock, onChange: catalogueChanged }),
    torrent: (infoHash) => describeTorrent(infoHash, catalogue),
    log: (query) => catalogue.logEntries(query),
    decisions: () => catalogue.decisions(),
    act: (request) => actOnCatalogue(request, { catalogue, clock, onChange: catalogueChanged }),
    torrents: async ({ limit, offset, q, sort, reverse }) => {
      const query = { text: q, sort, reverse: reverse === 'true', pageSize: Math.max(1, limit), offset };
      const { total, torrents } = catalogue.search(query);
      return { total, torrents: torrents.slice(0, limit).map((torrent) => ({ ...torrent })) };
    },
  };
}
