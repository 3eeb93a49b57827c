/** The catalogue for a command that reads it while the tracker may be running. Changes nothing on disk. */
import { existsSync } from 'node:fs';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { type CatalogueReader, catalogueReader } from './catalogue-reader.js';
import { openToRead, type SqliteDatabase } from './database.js';

/**
 * @param file as `databaseFile` names it
 * @returns undefined if there is no database yet
 * @throws OperatorError if it cannot be read
 */
export async function readCatalogue<T>(
  file: string,
  read: (catalogue: CatalogueReader) => Promise<T>,
): Promise<T | undefined> {
  if (!existsSync(file)) return undefined;
  let database: SqliteDatabase | undefined;
  try {
    database = openToRead(file);
    return await read(catalogueReader(database));
  } catch (thrown) {
    throw new OperatorError(
      `cannot read the catalogue in ${file}: ${messageOf(thrown)}; run this as the tracker's user`,
      {
        code: 'file-access',
        cause: thrown,
      },
    );
  } finally {
    database?.close();
  }
}
