/**
 * A reload in two steps. Each part prepares for the new configuration, which may fail and changes nothing. Then each part
 * applies what it has prepared, which cannot fail. So a reload changes all parts or none.
 */
import type { Config } from '../config/config-schema.js';
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { Apply } from '../part/part.js';

type Prepared = Apply | readonly Apply[];

/** A part with live keys. */
export interface Reloadable {
  readonly part: string;
  /** @throws OperatorError that names what cannot be used */
  prepare(next: Config): Prepared | Promise<Prepared>;
}

/** Checks `next` with every part, and changes nothing. @throws OperatorError of the first part that cannot use it */
export async function prepareAll(parts: readonly Reloadable[], next: Config): Promise<void> {
  for (const { prepare } of parts) await prepare(next);
}

/** @throws OperatorError of the first part that cannot use `next`. Then nothing has changed */
export async function reloadAll(parts: readonly Reloadable[], next: Config, logger: Logger): Promise<void> {
  const prepared: { readonly part: string; readonly apply: Apply }[] = [];
  for (const { part, prepare } of parts) {
    for (const apply of [await prepare(next)].flat()) prepared.push({ part, apply });
  }
  for (const { part, apply } of prepared) {
    try {
      apply();
    } catch (thrown) {
      // A defect. The other parts must still get the new configuration.
      logger.error({ err: thrown }, `${part}: the new configuration is only partly in force: ${messageOf(thrown)}`);
    }
  }
}
