/** What a peer sends that is asked for the description of a torrent (BEP 3, 9, 10), and the layers of version 2 (BEP 52). */
import { createHash } from 'node:crypto';
import { MetadataDownload } from '../../../src/crawler/metadata-download.js';
import { ClientError } from '../../../src/domain/errors.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import type { Random } from '../../../src/domain/random.js';
import { METADATA_PIECE_BYTES } from '../../../src/wire/metadata-messages.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { handshakeOf, itsExtensions, pieceMessage } from '../../support/metadata-peer.js';
import { merkleRootOf, v2TorrentWithLayer } from '../../support/torrents.js';
import { attempt, type FuzzTarget, holds, pick, randomBytes, sometimes } from '../fuzz-target.js';

const DESCRIPTION = Buffer.alloc(METADATA_PIECE_BYTES + 100, 'description ');
const INFO_HASH = parseInfoHash(createHash('sha1').update(DESCRIPTION).digest('hex'));
const PIECES = [DESCRIPTION.subarray(0, METADATA_PIECE_BYTES), DESCRIPTION.subarray(METADATA_PIECE_BYTES)];

export const metadataPeer: FuzzTarget = {
  name: 'metadata-peer',
  about:
    'a peer with the description of a torrent: its bytes in any parts give the proven description or a clear error',
  words: ['d8:msg_typei1e5:piecei0ee', '11:ut_metadata', '13:metadata_sizei', '\0\0\0\0', '\0\0\0\x02\x14\0', 'i-1e'],
  maxInputBytes: 80_000,
  create: () => ({ make: makePeer, run: runPeer }),
};

function makePeer(random: Random): Uint8Array {
  const size = sometimes(random, 6) ? pick(random, [0, 1, -5, 10_000_001, 2 ** 40]) : DESCRIPTION.length;
  const bitfield = Buffer.concat([Buffer.from([0, 0, 0, 21, 5]), randomBytes(random, 20)]);
  const parts: Uint8Array[] = [handshakeOf(sometimes(random, 9) ? 'ab'.repeat(20) : INFO_HASH)];
  if (sometimes(random, 2)) parts.push(bitfield);
  if (!sometimes(random, 12)) parts.push(itsExtensions(sometimes(random, 9) ? undefined : size));
  const order = sometimes(random, 2) ? [0, 1] : [1, 0];
  for (const piece of order) {
    if (sometimes(random, 3)) parts.push(Buffer.alloc(4));
    parts.push(pieceMessage(sometimes(random, 12) ? 9 : piece, PIECES[piece]!, sometimes(random, 12) ? 2 : 1));
  }
  return new Uint8Array(Buffer.concat(parts));
}

interface Outcome {
  readonly description: Uint8Array | undefined;
  readonly refused: string | undefined;
}

function download(input: Uint8Array, partBytes: number): Outcome {
  const peer = new MetadataDownload(INFO_HASH, () => undefined);
  for (let at = 0; at < input.length; at += partBytes) {
    const taken = attempt(() => peer.push(input.subarray(at, at + partBytes)), ClientError);
    if (taken.refused !== undefined) return { description: undefined, refused: taken.refused.message };
    if (taken.value !== undefined) return { description: taken.value, refused: undefined };
  }
  return { description: undefined, refused: undefined };
}

function runPeer(input: Uint8Array): string {
  const whole = download(input, input.length || 1);
  const parts = download(input, 1 + (input.length % 97));
  holds(whole.refused === parts.refused, 'parts of any size are read alike', () => `${whole.refused} ${parts.refused}`);
  holds((whole.description === undefined) === (parts.description === undefined), 'parts of any size end alike');
  if (whole.description === undefined) return whole.refused === undefined ? 'unfinished' : 'refused';
  holds(DESCRIPTION.equals(whole.description), 'the info-hash proves the description');
  return 'fetched';
}

export const pieceLayers: FuzzTarget = {
  name: 'piece-layers',
  about: 'a version 2 torrent with a piece layer: what is accepted hashes to the root that the file tree states',
  words: ['12:piece layersd32:', '11:pieces root32:', '6:lengthi', '12:piece lengthi16384e', '12:piece lengthi32768e'],
  create: () => ({ make: makeLayers, run: runLayers }),
};

function makeLayers(random: Random): Uint8Array {
  const layer = randomBytes(random, 32 * (2 + random.below(9)));
  const pieceBytes = pick(random, [16_384, 32_768, 65_536]);
  const damaged = Uint8Array.from(layer);
  if (sometimes(random, 3)) damaged[random.below(damaged.length)]! ^= 1;
  return v2TorrentWithLayer(layer, pieceBytes, sometimes(random, 6) ? damaged.subarray(32) : damaged);
}

function runLayers(input: Uint8Array): string {
  const read = attempt(() => parseMetainfo(input), ClientError);
  if (read.refused !== undefined) return 'refused';
  const { files, pieceBytes, version } = read.value;
  const text = Buffer.from(input).toString('latin1');
  for (const file of version === 'v1' || files.length > 1 ? [] : files) {
    if (file.bytes <= pieceBytes) continue;
    const count = Math.ceil(file.bytes / pieceBytes) * 32;
    const head = `${count}:`;
    let proven = false;
    for (let at = text.indexOf(head); at >= 32 && !proven; at = text.indexOf(head, at + 1)) {
      const start = at + head.length;
      const root = merkleRootOf(input.subarray(start, start + count), pieceBytes);
      proven = root.equals(input.subarray(at - 32, at));
    }
    holds(proven, 'the layer hashes to the root of the file');
  }
  return version;
}
