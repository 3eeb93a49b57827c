/**
 * The store of the controller on a disk that may be full. What the controller notes is logged if it cannot be written, and the
 * controller works on with what it has in memory. What the operator asks for fails instead, so that the operator knows.
 */
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { CacheStore } from '../store/sqlite/cache-store.js';

export function tolerantStore(store: CacheStore, log: Logger): CacheStore {
  let isFailing = false;
  const attempt = (write: () => void, isWrite = true): void => {
    try {
      write();
      if (isWrite) isFailing = false;
    } catch (thrown) {
      // Once, not in every round.
      if (!isFailing) {
        log.error(
          { err: thrown },
          `caches: holdings and log cannot be written: ${messageOf(thrown)}; look at the disk`,
        );
      }
      isFailing = true;
    }
  };
  return {
    ...store,
    setHolding: (entry) => attempt(() => store.setHolding(entry)),
    removeHolding: (cache, infoHash) => attempt(() => store.removeHolding(cache, infoHash)),
    removeRequest: (infoHash, cache) => attempt(() => store.removeRequest(infoHash, cache)),
    addLogEntry: (entry) => attempt(() => store.addLogEntry(entry)),
    together: (work) => {
      let hasRun = false;
      let failure: { readonly thrown: unknown } | undefined;
      // What it writes has attempts of its own.
      attempt(
        () =>
          store.together(() => {
            hasRun = true;
            try {
              work();
            } catch (thrown) {
              failure = { thrown };
              throw thrown;
            }
          }),
        false,
      );
      if (failure !== undefined) throw (failure as { readonly thrown: unknown }).thrown;
      // The transaction could not begin.
      if (!hasRun) work();
    },
  };
}
