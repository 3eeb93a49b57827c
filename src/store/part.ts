/** The section `storage` of the configuration: where the database, the snapshot and imported files lie. */
import { configPart } from '../config-kit/config-part.js';
import { findingsOf } from '../config-kit/examine.js';
import { directoryPath, section } from '../config-kit/field-schemas.js';
import type { StorageConfig } from './database-file.js';

export const storagePart = configPart({
  key: 'storage',
  schema: section({ directory: directoryPath.prefault('./data') }).prefault({}),
  live: [],
  examine: async (config: StorageConfig) => {
    const { examineStorage } = await import('./examine-storage.js');
    return findingsOf(['storage', 'directory'], () => examineStorage(config));
  },
  text: `storage:
  directory: ./data
`,
});
