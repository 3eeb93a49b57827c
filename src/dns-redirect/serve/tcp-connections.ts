/**
 * The open TCP connections of all listen addresses. If there are too many, the one that is idle for longest is closed: first one
 * of a client that has used its share, otherwise one of any client.
 */
import {
  MAX_TCP_CONNECTIONS,
  MAX_TCP_CONNECTIONS_PER_CLIENT,
  MAX_TCP_CONNECTIONS_PER_TRUSTED_CLIENT,
} from '../limits.js';

export interface OpenConnection {
  /** See `subscriberOf`. */
  readonly subscriber: string;
  /** No question of it waits for an answer. */
  readonly isIdle: boolean;
  /** The time of the last question or answer. */
  readonly usedAtMs: number;
  close(): void;
}

export class TcpConnections {
  readonly #connections = new Set<OpenConnection>();

  add(connection: OpenConnection): void {
    this.#connections.add(connection);
  }

  /** Does nothing if it is not in the list. */
  remove(connection: OpenConnection): void {
    this.#connections.delete(connection);
  }

  /** @returns whether one more connection of this subscriber fits without closing another one */
  hasRoomFor(subscriber: string, isTrusted: boolean): boolean {
    return this.#connections.size < MAX_TCP_CONNECTIONS && this.#of(subscriber).length < shareOf(isTrusted);
  }

  /**
   * Closes one connection for a new one of this subscriber. A subscriber that has used its share loses one of its own, even a
   * busy one. Otherwise only an idle connection is closed.
   * @returns false if none can be closed
   */
  closeOneFor(subscriber: string, isTrusted: boolean): boolean {
    const mine = this.#of(subscriber);
    const all = [...this.#connections];
    const candidates = mine.length >= shareOf(isTrusted) ? mine : all.filter(({ isIdle }) => isIdle);
    const [oldest] = candidates.sort((a, b) => Number(b.isIdle) - Number(a.isIdle) || a.usedAtMs - b.usedAtMs);
    if (oldest === undefined) return false;
    // The socket reports its end later. It must not count until then.
    this.remove(oldest);
    oldest.close();
    return true;
  }

  #of(subscriber: string): OpenConnection[] {
    return [...this.#connections].filter((each) => each.subscriber === subscriber);
  }
}

function shareOf(isTrusted: boolean): number {
  return isTrusted ? MAX_TCP_CONNECTIONS_PER_TRUSTED_CLIENT : MAX_TCP_CONNECTIONS_PER_CLIENT;
}
