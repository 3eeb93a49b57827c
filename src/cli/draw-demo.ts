/** The demo's live view as text: the inner share over time, each user's last answer, the probes' reports. */
import { counted } from '../domain/counted.js';
import type { DemoState } from '../lab/run-demo.js';
import { formatTable } from './table.js';

const BARS = ' ▁▂▃▄▅▆▇█';
const SHARE_BAR_WIDTH = 40;
const BYTES_PER_KILOBYTE = 1_000;

export function drawDemo(state: DemoState, periodSeconds: number): string {
  const share = state.innerShare;
  const filled = Math.round((share ?? 0) * SHARE_BAR_WIDTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(SHARE_BAR_WIDTH - filled)}`;
  const rows = state.users
    .filter((user) => user.event !== 'started')
    .map((user) => [
      user.network.name,
      user.address,
      user.torrent.name,
      user.protocol,
      user.leftBytes === 0 ? 'seed' : `${Math.floor(100 * (1 - user.leftBytes / user.torrent.bytes))} %`,
      user.innerPeers,
      user.foreignPeers,
    ]);
  const density = state.samples.map(
    ({ subdomain, bytes, users }) =>
      `${subdomain} ${Math.round(bytes / users / periodSeconds / BYTES_PER_KILOBYTE)} kB/s per user`,
  );
  return [
    `Inner share of the peers that inner users get: ${share === undefined ? 'no answer yet' : `${bar} ${percent(share)}`}`,
    `Since the start: ${sparkline(state.shareHistory)}`,
    `Density, as the probes report it: ${density.join(', ') || 'no probe has a token'}`,
    `${counted(state.announces, 'announce')}, ${counted(state.failures, 'failure')}${state.lastFailure === undefined ? '' : ` (last: ${state.lastFailure})`}`,
    '',
    formatTable(['NETWORK', 'USER', 'TORRENT', 'OVER', 'HAS', 'INNER PEERS', 'FOREIGN PEERS'], rows),
    'Ctrl-C stops the demo; the users leave their swarms.',
    '',
  ].join('\n');
}

/** One line for logs and pipes. */
export function describeDemo(state: DemoState): string {
  const user = state.lastUser;
  const who = user
    ? `${user.network.name} ${user.address} got ${user.innerPeers} inner and ${user.foreignPeers} foreign peers of ${user.torrent.name}; `
    : '';
  return `${who}inner share ${state.innerShare === undefined ? 'unknown' : percent(state.innerShare)}, ${counted(state.announces, 'announce')}, ${counted(state.failures, 'failure')}\n`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function sparkline(values: readonly number[]): string {
  return values.map((value) => BARS[Math.round(value * (BARS.length - 1))]).join('');
}
