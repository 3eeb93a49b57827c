/** Reads a list of torrents, one a line: addresses of torrent files, magnet links or info-hashes. `#` begins a comment. */
import { counted } from '../../domain/counted.js';
import { ClientError } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import { BestCandidates } from './best-candidates.js';
import { parseAnyInfoHash } from './field-values.js';
import { candidateOf, type ItemContext } from './item-fields.js';

const EXAMPLE_CHARACTERS = 100;

/** @throws ClientError `invalid-document` if it has lines and none of them is a torrent */
export function parsePlainList(text: string, context: ItemContext): Candidate[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const candidates = new BestCandidates();
  for (const line of lines) candidates.add(listedTorrent(line, context));
  const found = candidates.all();
  if (found.length === 0 && lines.length > 0) {
    const example = JSON.stringify(lines[0]!.slice(0, EXAMPLE_CHARACTERS));
    throw new ClientError(
      'invalid-document',
      `of its ${counted(lines.length, 'line')} none is the address of a torrent file, a magnet link or an info-hash; the first is ${example}`,
    );
  }
  return found;
}

/** @returns undefined if the text names no torrent */
export function listedTorrent(text: string, context: ItemContext): Candidate | undefined {
  const isHash = parseAnyInfoHash(text) !== undefined;
  if (!isHash && !/^(?:https?:\/\/|magnet:\?|\/)/i.test(text)) return undefined;
  return candidateOf({ links: isHash ? [] : [text], infoHash: isHash ? text : undefined }, context);
}
