/** The section `storage` of the configuration: where the database, the snapshot and imported files lie. */
import { configPart } from '../config-kit/config-part.js';
import { directoryPath, section } from '../config-kit/field-schemas.js';

export const storagePart = configPart({
  key: 'storage',
  schema: section({ directory: directoryPath.prefault('./data') }).prefault({}),
  live: [],
  text: `storage:
  directory: ./data
`,
});
