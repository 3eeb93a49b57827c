/** Announces over HTTP (BEP 3, compact answers of BEP 23) from a chosen local address, as one peer of the lab. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { ClientError, messageOf } from '../domain/errors.js';
import { formatEndpoint } from '../net/endpoint.js';
import { dictionaryEntries, integerAt, stringAt } from '../wire/metainfo-bencode.js';
import { type LabAnnounce, type LabAnnounceAnswer, readCompactPeers } from './lab-announce.js';

const ANSWER_TIMEOUT_MS = 15_000;
/** 200 compact peers are 1,200 bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** @throws ClientError `unreachable`, or `refused-elsewhere` with the tracker's reason */
export async function announceOverHttp(announce: LabAnnounce): Promise<LabAnnounceAnswer> {
  const { tracker, localAddress } = announce;
  const outgoing = request({
    host: tracker.host,
    port: tracker.port,
    path: `/announce?${query(announce)}`,
    localAddress,
    agent: false,
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  let body: Buffer;
  try {
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    body = await readBody(response);
  } catch (thrown) {
    throw new ClientError('unreachable', `http://${formatEndpoint(tracker)} does not answer: ${messageOf(thrown)}`);
  }
  return readAnswer(body);
}

function query(announce: LabAnnounce): string {
  const infoHash = announce.infoHash.replace(/../g, '%$&');
  const event = announce.event === 'none' ? '' : `&event=${announce.event}`;
  const numWant = announce.numWant === undefined ? '' : `&numwant=${announce.numWant}`;
  return `info_hash=${infoHash}&peer_id=${encodeURIComponent(announce.peerId)}&port=${announce.port}&uploaded=${announce.uploadedBytes ?? 0}&downloaded=${announce.downloadedBytes ?? 0}&left=${announce.leftBytes}&compact=1${event}${numWant}`;
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readAnswer(body: Buffer): LabAnnounceAnswer {
  const fields = new Map(dictionaryEntries(body, 0).entries.map(({ key, value }) => [key, value]));
  const text = (key: string): Buffer | undefined => {
    const span = fields.get(key);
    return span && stringAt(body, span);
  };
  const number = (key: string): number => {
    const span = fields.get(key);
    return (span && integerAt(body, span)) ?? 0;
  };
  const failure = text('failure reason');
  if (failure !== undefined) throw new ClientError('refused-elsewhere', failure.toString('utf8'));
  return {
    intervalSeconds: number('interval'),
    seeders: number('complete'),
    leechers: number('incomplete'),
    peers: readCompactPeers(text('peers') ?? Buffer.alloc(0)),
  };
}
