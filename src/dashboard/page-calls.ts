/**
 * The calls that one load of a page makes. A call that fails does not fail the page: the boxes that need it say what failed, and
 * the rest is shown. Files made of a failed call are refused, because an empty file would look like an answer.
 */
import type { z } from 'zod';
import { Problem } from '../control-api/problem.js';
import { ERROR_CATALOGUE } from '../domain/error-catalogue.js';
import { ClientError, messageOf } from '../domain/errors.js';
import { html, type Insertable } from '../markup/markup.js';
import type { AnswersOfPage, ApiReader, CallInput } from './api-reader.js';
import type { Table } from './frame/table.js';

export interface FailedCall {
  readonly path: string;
  readonly thrown: unknown;
}

export class PageCalls {
  readonly #api: ApiReader;
  readonly #failed = new Map<string, unknown>();
  /** Several boxes of a page may need the same answer. */
  readonly #answers: AnswersOfPage = new Map();

  constructor(api: ApiReader) {
    this.#api = api;
  }

  has(method: 'get' | 'post', path: string): boolean {
    return this.#api.has(method, path);
  }

  /**
   * @returns undefined if nothing is known there, the part is switched off, or the call failed
   * @throws ClientError if the reader asked for something wrong
   */
  async get<T>(path: string, schema: z.ZodType<T>, input: CallInput = {}): Promise<T | undefined> {
    try {
      return await this.#api.get(path, schema, input, this.#answers);
    } catch (thrown) {
      if (thrown instanceof ClientError && ERROR_CATALOGUE[thrown.code].status < 500) throw thrown;
      this.#failed.set(path, thrown);
      return undefined;
    }
  }

  failures(): FailedCall[] {
    return [...this.#failed].map(([path, thrown]) => ({ path, thrown }));
  }

  failureOf(path: string): unknown {
    return this.#failed.get(path);
  }

  /** All that failed, in one line; '' if nothing did. */
  failuresInWords(): string {
    return this.failures().map(failureInWords).join(' ');
  }

  /** @returns the content, or what failed of the calls that it is made of */
  box(paths: string | readonly string[], content: Insertable): Insertable {
    const failed = this.#of(paths);
    return failed.length === 0
      ? content
      : html`<p class="bad" role="alert">${failed.map(failureInWords).join(' ')}</p>`;
  }

  /** @returns the table, or one that says what failed of the calls that it is made of */
  table(paths: string | readonly string[], table: Table): Table {
    const [first] = this.#of(paths);
    if (first === undefined) return table;
    const refuse = (): never => {
      throw new Problem('unavailable', failureInWords(first));
    };
    return { ...table, markup: () => html`${this.box(paths, '')}`, csv: refuse, json: refuse };
  }

  #of(paths: string | readonly string[]): FailedCall[] {
    const wanted = typeof paths === 'string' ? [paths] : paths;
    return this.failures().filter(({ path }) => wanted.includes(path));
  }
}

function failureInWords({ path, thrown }: FailedCall): string {
  return `GET ${path} failed: ${messageOf(thrown)}.`;
}
