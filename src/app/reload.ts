/**
 * A reload in two steps: every part prepares for the new configuration, which may fail and changes nothing, and then every
 * part applies what it has prepared, which cannot fail. So a reload is whole or it is nothing.
 */
import type { Config } from '../config/config-schema.js';
import { messageOf } from '../domain/errors.js';
import type { Apply } from '../part/part.js';
import type { Logger } from './logger.js';

type Prepared = Apply | readonly Apply[];

/** A part that takes some of its keys while it runs. */
export interface Reloadable {
  readonly part: string;
  /** @throws OperatorError that names what cannot be used */
  prepare(next: Config): Prepared | Promise<Prepared>;
}

/** @throws OperatorError of the first part that cannot take `next`; nothing has changed then */
export async function reloadAll(parts: readonly Reloadable[], next: Config, logger: Logger): Promise<void> {
  const prepared: { readonly part: string; readonly apply: Apply }[] = [];
  for (const { part, prepare } of parts) {
    for (const apply of [await prepare(next)].flat()) prepared.push({ part, apply });
  }
  for (const { part, apply } of prepared) {
    try {
      apply();
    } catch (thrown) {
      // A defect of ours; the other parts must not be left with the old configuration for it.
      logger.error({ err: thrown }, `${part}: the new configuration is not wholly in force: ${messageOf(thrown)}`);
    }
  }
}
