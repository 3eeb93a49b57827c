/** The whole configuration as one strict schema, put together from the sections of the parts. */
import type { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { section } from '../config-kit/field-schemas.js';
import { CONFIG_PARTS } from './parts.js';

type Part = (typeof CONFIG_PARTS)[number];
type Shape = { [P in Part as P['key']]: P['schema'] };

/** The parts that are optional run only where their section is written; `mirrorSite: {}` is enough. */
export const configSchema = section(
  Object.fromEntries(CONFIG_PARTS.map(({ key, schema }) => [key, schema])) as unknown as Shape,
);

/** Checked, complete with defaults, paths absolute, deeply frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
