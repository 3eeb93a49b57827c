/** What the call of the catalogue shows. */
import type { Catalogue } from '../../store/sqlite/catalogue.js';
import type { CatalogueView } from './catalogue-routes.js';

export function catalogueView(catalogue: Pick<Catalogue, 'search'>): CatalogueView {
  return {
    torrents: async ({ limit, offset }) => {
      const pageSize = Math.max(1, limit);
      const first = 1 + Math.floor(offset / pageSize);
      const skipped = offset % pageSize;
      const { total, torrents } = catalogue.search({ pageSize, page: first });
      // An offset that is not a multiple of the limit needs entries of the next page.
      const more = skipped === 0 ? [] : catalogue.search({ pageSize, page: first + 1 }).torrents;
      const listed = [...torrents, ...more].slice(skipped, skipped + limit);
      return { total, torrents: listed.map((torrent) => ({ ...torrent })) };
    },
  };
}
