/** The local world as a process of its own, so that its work and memory are not those of the crawler: IPC in, figures out. */

import { serveWorld } from '../test/support/world/serve-world.js';
import { hashOf } from '../test/support/world/world-addresses.js';
import { worldConfig } from '../test/support/world/world-config.js';
import { worldOf } from '../test/support/world/world-plan.js';
import { expectedTop } from '../test/support/world/world-truth.js';

/** What the parent asks for. */
export type WorldCommand =
  | {
      readonly what: 'start';
      readonly seed: number;
      readonly torrents: number;
      readonly top: number;
      readonly directory: string;
    }
  | { readonly what: 'figures' };

export interface StartedWorld {
  /** Everything of the configuration but `crawler` beyond its sources, and the listeners. */
  readonly config: Record<string, unknown>;
  /** Info-hashes, the best first. */
  readonly expected: readonly string[];
  readonly sites: number;
  readonly listed: number;
}

export interface WorldFigures {
  readonly filesSent: number;
  readonly hashesScraped: number;
  readonly requests: number;
  readonly bytesSent: number;
  readonly mostAtOnce: number;
  readonly shortestPauseMs: number;
  readonly rude: readonly string[];
}

let figures: () => WorldFigures = () => {
  throw new Error('the world has not been started');
};

process.on('message', (command: WorldCommand) => {
  if (command.what === 'figures') process.send!(figures());
  else void start(command).then((started) => process.send!(started));
});

async function start({
  seed,
  torrents,
  top,
  directory,
}: Extract<WorldCommand, { what: 'start' }>): Promise<StartedWorld> {
  const server = await serveWorld(worldOf({ seed, torrents }));
  figures = () => {
    const manners = [...server.ledger.manners()];
    return {
      filesSent: server.filesSent(),
      hashesScraped: server.hashesScraped(),
      requests: manners.reduce((sum, [, each]) => sum + each.requests, 0),
      bytesSent: manners.reduce((sum, [, each]) => sum + each.bytesSent, 0),
      mostAtOnce: Math.max(...manners.map(([, each]) => each.mostAtOnce)),
      shortestPauseMs: Math.min(...manners.map(([, each]) => each.shortestPauseMs)),
      rude: manners.flatMap(([host, each]) => each.rude.map((path) => `${host}${path}`)),
    };
  };
  const { sites } = server.world;
  return {
    config: worldConfig(server, directory, {}),
    expected: expectedTop(server.world, top).map((torrent) => hashOf(torrent, server)),
    sites: sites.length,
    listed: sites.reduce((sum, site) => sum + site.torrents.length, 0),
  };
}
