/**
 * `explain`: shows which peers a client would get and why, from the running tracker's own selection, and when the original
 * trackers of the torrent are asked for further ones.
 */
import type { Command } from 'commander';
import { ControlCallError, type ControlClient } from '../../control-api/control-client.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import type { OriginalsAnswer } from '../../upstream/api/original-routes.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { showDocument } from '../show-document.js';
import { wholeNumberOption } from '../whole-number.js';

interface ExplainOptions extends ConnectionOptions {
  readonly infoHash: string;
  readonly ip: string;
  readonly port?: string;
  readonly numwant?: string;
  readonly json?: boolean;
}

const MAX_NUMWANT = 1_000;

export function registerExplainCommand(program: Command, context: CliContext): void {
  const command = program
    .command('explain')
    .description('show which peers a client would get and why, from the running tracker')
    .requiredOption('--info-hash <hex>', 'the torrent, 40 hexadecimal digits')
    .requiredOption('--ip <address>', 'the client')
    .option('--port <n>', 'the client, if several announce from that address')
    .option('--numwant <n>', 'how many peers the client asks for (else what the tracker gives by default)')
    .option('--json', 'print the answer as JSON');
  addConnectionOptions(command).action((options: ExplainOptions) => explain(options, context));
}

async function explain(options: ExplainOptions, context: CliContext): Promise<void> {
  const infoHash = parseInfoHash(options.infoHash);
  const query = new URLSearchParams({ infoHash, ip: formatIp(parseIp(options.ip)) });
  if (options.port !== undefined) query.set('port', String(wholeNumberOption('--port', options.port, 1, 65_535)));
  if (options.numwant !== undefined) {
    query.set('numwant', String(wholeNumberOption('--numwant', options.numwant, 0, MAX_NUMWANT)));
  }
  const client = connect(options, context, (config) => config.control?.token);
  const selection = (await client.get(`/api/v1/explain?${query}`)) as Record<string, unknown>;
  const originals = await originalsOf(client, infoHash);
  const answer = originals === undefined ? selection : { ...selection, originals };
  const { port, peersAtAddress } = (answer.requester ?? {}) as { port?: number | null; peersAtAddress?: number };
  if (options.port === undefined && peersAtAddress !== undefined && peersAtAddress > 1) {
    context.stderr.write(
      `alias-tracker: ${peersAtAddress} clients of this torrent have this address; this is the one on port ${port}, choose with --port\n`,
    );
  }
  context.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : showDocument(answer));
}

/** @returns one row for each original tracker of the torrent; undefined if the exchange is switched off */
async function originalsOf(client: ControlClient, infoHash: InfoHash) {
  let answer: OriginalsAnswer;
  try {
    answer = (await client.get(`/api/v1/upstream/originals?infoHash=${infoHash}&limit=100`)) as OriginalsAnswer;
  } catch (thrown) {
    if (thrown instanceof ControlCallError && thrown.status === 404) return undefined;
    throw thrown;
  }
  const { originals, torrent } = answer;
  return torrent?.trackers.map(({ tracker, original, dueAt }) => {
    const known = originals.find(({ name }) => name === original);
    return {
      tracker,
      state: known?.state ?? 'closed',
      askedAt: known?.askedAt ?? null,
      dueAt,
      retryAt: known?.retryAt ?? null,
      failure: known?.failure ?? null,
    };
  });
}
