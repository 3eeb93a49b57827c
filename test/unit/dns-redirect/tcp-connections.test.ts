/** Which TCP connection is closed when there are too many. */
import { describe, expect, test } from 'vitest';
import {
  MAX_TCP_CONNECTIONS,
  MAX_TCP_CONNECTIONS_PER_CLIENT,
  MAX_TCP_CONNECTIONS_PER_TRUSTED_CLIENT,
} from '../../../src/dns-redirect/limits.js';
import { type OpenConnection, TcpConnections } from '../../../src/dns-redirect/serve/tcp-connections.js';

function connections() {
  const all = new TcpConnections();
  const closed: string[] = [];
  const open = (label: string, subscriber: string, usedAtMs: number, isIdle = true): OpenConnection => {
    const connection = { subscriber, isIdle, usedAtMs, close: () => void closed.push(label) };
    all.add(connection);
    return connection;
  };
  return { all, closed, open };
}

describe('at the limit of all connections', () => {
  test('the connection that is idle for longest is closed, of whichever client', () => {
    const { all, closed, open } = connections();
    for (let i = 0; i < MAX_TCP_CONNECTIONS; i++) open(`${i}`, `client ${i}`, 1_000 + ((i * 7) % 256), i !== 0);
    expect(all.hasRoomFor('new', false)).toBe(false);
    expect(all.closeOneFor('new', false)).toBe(true);
    // 0 was used before all others, but a question of it waits. (183 * 7) % 256 = 1.
    expect(closed).toEqual(['183']);
    expect(all.hasRoomFor('new', false)).toBe(true);
  });

  test('none is closed while questions of all of them wait', () => {
    const { all, closed, open } = connections();
    for (let i = 0; i < MAX_TCP_CONNECTIONS; i++) open(`${i}`, `client ${i}`, i, false);
    expect(all.closeOneFor('new', false)).toBe(false);
    expect(closed).toEqual([]);
  });
});

describe('at the share of a client', () => {
  test('its own longest-idle connection is closed, and a busy one if none is idle', () => {
    const { all, closed, open } = connections();
    open('other', 'other', 0);
    for (let i = 0; i < MAX_TCP_CONNECTIONS_PER_CLIENT; i++) open(`mine ${i}`, 'mine', 100 + i, i === 5 || i === 6);
    expect(all.hasRoomFor('other', false)).toBe(true);
    expect(all.hasRoomFor('mine', false)).toBe(false);
    for (let i = 0; i < 3; i++) {
      expect(all.closeOneFor('mine', false)).toBe(true);
      open(`new ${i}`, 'mine', 1_000, false);
    }
    expect(closed).toEqual(['mine 5', 'mine 6', 'mine 0']);
  });

  test('a trusted resolver has a larger one', () => {
    const { all, open } = connections();
    for (let i = 0; i < MAX_TCP_CONNECTIONS_PER_TRUSTED_CLIENT - 1; i++) open(`${i}`, 'resolver', i);
    expect(all.hasRoomFor('resolver', true)).toBe(true);
    open('last', 'resolver', 1_000);
    expect(all.hasRoomFor('resolver', true)).toBe(false);
  });
});
