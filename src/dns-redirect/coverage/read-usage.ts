/** Counts where the torrents of the catalogue announce to, in slices, because a catalogue may have 100,000 of them. */
import { setImmediate } from 'node:timers/promises';
import { AnnounceUsage } from './announce-usage.js';

export interface TrackersOfTorrents {
  /** The announce URLs of originals, in the order of the info-hashes. @param after '' for the first ones */
  trackersAfter(
    after: string,
    limit: number,
  ): readonly { readonly infoHash: string; readonly trackerTiers: readonly (readonly string[])[] }[];
}

/** A few milliseconds of work. */
const SLICE = 500;

export async function readUsage(catalogue: TrackersOfTorrents, names: readonly string[]): Promise<AnnounceUsage> {
  const usage = new AnnounceUsage(names);
  if (names.length === 0) return usage;
  for (let after = ''; ; ) {
    const torrents = catalogue.trackersAfter(after, SLICE);
    for (const { trackerTiers } of torrents) usage.add(trackerTiers.flat());
    if (torrents.length < SLICE) return usage;
    after = torrents.at(-1)!.infoHash;
    await setImmediate();
  }
}
