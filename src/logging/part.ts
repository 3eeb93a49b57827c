/** The section `logging` of the configuration. */
import { z } from 'zod';
import { configPart } from '../config-kit/config-part.js';
import { section } from '../config-kit/field-schemas.js';

const level = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
  error: 'expected fatal, error, warn, info, debug, trace or silent',
});

export const loggingPart = configPart({
  key: 'logging',
  schema: section({ level: level.prefault('info') }).prefault({}),
  live: ['level'],
  text: `logging:
  level: info                           # fatal, error, warn, info, debug, trace, silent
`,
});
