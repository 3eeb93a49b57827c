/**
 * The topology of a running tracker: the operator's prefixes from the configuration, everybody else's from its data files,
 * compiled together and compiled again when one of them changes. A file that cannot be used leaves the old tables in force.
 */
import type { Config } from '../config/config-schema.js';
import type { AsRelationships } from '../domain/as-relationships.js';
import type { CompiledTopology } from '../topology/compile-topology.js';

export interface TopologySource {
  readonly compiled: CompiledTopology;
  /** The operator's AS, those of the configuration first. */
  readonly ownAsns: readonly number[];
  readonly relationships: AsRelationships | undefined;
  /** @throws OperatorError, with the old tables still in force */
  reload(config: Config): Promise<void>;
  /** Called after the tables have been replaced because a file changed. @returns unsubscribe */
  onChange(listener: () => void): () => void;
  stop(): void;
}
