/**
 * Sends JSON to a URL that the operator has named. Private addresses are allowed there, this installation's own listeners
 * and link-local addresses are not. Certificates are checked, and redirects are not followed.
 */
import { Agent, fetch } from 'undici';
import { ClientError, errorCodeOf, messageOf } from '../domain/errors.js';
import { checkUrl, guardedConnector, type ResolveName, resolveBySystem } from './guarded-connect.js';
import type { BlockedReason } from './outbound-rules.js';

const TIMEOUT_MS = 10_000;

export interface PosterOptions {
  readonly blockedReason: BlockedReason;
  readonly resolve?: ResolveName;
}

export class JsonPoster {
  readonly #blocked: BlockedReason;
  readonly #agent: Agent;

  constructor({ blockedReason, resolve = resolveBySystem }: PosterOptions) {
    this.#blocked = (address, port) => blockedReason(address, port, true);
    this.#agent = new Agent({ connections: 1, connect: guardedConnector(resolve, this.#blocked) });
  }

  /** @returns the status of the answer @throws ClientError if there is none */
  async post(url: string, token: string | undefined, json: unknown): Promise<number> {
    const { host } = new URL(url);
    checkUrl(new URL(url), this.#blocked);
    try {
      const response = await fetch(url, {
        method: 'POST',
        dispatcher: this.#agent,
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'alias-tracker',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(json),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.status;
    } catch (thrown) {
      const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
      const why = errorCodeOf(cause) ?? messageOf(cause);
      throw new ClientError('unreachable', `${host} cannot be reached: ${why}`, { cause: thrown });
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
