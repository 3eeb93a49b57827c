/** Starts the listeners of all sources that receive lines of an access log. */

import { formatListenUrl } from '../../net/listen-url.js';
import type { PartContext, PartListener } from '../../part/part.js';
import type { CrawlState } from '../../store/sqlite/catalogue-crawl-state.js';
import type { CrawlDocumentReader } from '../document-tasks.js';
import type { Source } from '../source-section.js';
import { type LogListener, startLogListener } from './log-listener.js';

export interface LogListenersNeeds extends Pick<PartContext, 'clock' | 'log' | 'isIpv6Only' | 'onListenerError'> {
  readonly state: Pick<CrawlState, 'addRequests'>;
  readonly documents: CrawlDocumentReader;
}

export interface LogListeners {
  readonly listeners: readonly PartListener[];
  /** Counts and stores what has arrived until now. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param previous the listeners before a failure: their ports are kept
 * @throws OperatorError if one of them cannot listen; none is left open then
 */
export async function startLogListeners(
  sources: readonly Source[],
  { clock, log, isIpv6Only, onListenerError, state, documents }: LogListenersNeeds,
  previous: readonly PartListener[] = [],
): Promise<LogListeners> {
  const open: LogListener[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(open.map((each) => each.stop())));
  try {
    for (const source of sources) {
      if (source.type !== 'access-log' || source.listen === undefined) continue;
      const { host, port } = source.listen;
      open.push(
        await startLogListener(
          { host, port: previous[open.length]?.port ?? port },
          {
            source,
            state,
            documents,
            clock,
            isIpv6Only: isIpv6Only(source.listen, 'udp'),
            onProblem: (problem) => log.warn(problem),
            onError: onListenerError,
          },
        ),
      );
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const listeners = open.map(({ host, port }) => ({
    host,
    port,
    url: formatListenUrl({ protocol: 'udp', host, port }),
    about: 'lines of access logs',
  }));
  return { listeners, flush: async () => void (await Promise.all(open.map((each) => each.flush()))), stop };
}
