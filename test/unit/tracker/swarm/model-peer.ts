/** A peer as the plain model of the store has it. */
import type { Announce } from './store-fixture.js';

export interface ModelPeer {
  family: 4 | 6;
  name: string;
  host: number;
  group: number;
  seed: boolean;
  paused: boolean;
  withheld: boolean;
  completed: boolean;
  upstream: boolean;
  /** Of an imported peer: who named it. */
  origin?: number;
  cache: boolean;
  level: number;
  lastSeen: number;
  uploaded: number;
  downloaded: number;
  /** A leecher: it starves. A seed: it has shown that it serves, in this generation. */
  marked: boolean;
  generation: number;
  abroad: boolean;
}

export type Located = Required<Pick<Announce, 'torrent' | 'family' | 'host' | 'port' | 'group' | 'now'>> & Announce;

export const isLeecher = (peer: { seed: boolean; paused: boolean }): boolean => !peer.seed && !peer.paused;
