/** The keys of a certificate, for each section that listens on https. */
import { filePath, oneOrMore, section } from './field-schemas.js';

export const tlsFiles = section({ certificate: filePath, key: filePath });

/** One certificate, or a list of them, of which a listener chooses by name. */
export const tlsFilesList = oneOrMore(tlsFiles, 'certificate');
