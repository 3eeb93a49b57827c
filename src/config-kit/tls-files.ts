/** The keys of a certificate, for each section that listens on https. */
import { filePath, section } from './field-schemas.js';

export const tlsFiles = section({ certificate: filePath, key: filePath });
