/** Certificates for tests, made by openssl: signed by themselves, on a curve, so that making one is quick. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { requireProgram } from './real-program.js';

export interface MadeCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Undefined where openssl is missing: then skip. */
export const openssl = requireProgram('openssl');

/**
 * Writes `FILE.pem` and `FILE.key` into the directory, over those that are there.
 * @param names subject alternative names, `*.example.net` for a wildcard; the first is the common name too
 */
export function makeCertificate(directory: string, file: string, names: readonly string[], days = 90): MadeCertificate {
  const made = { certificate: join(directory, `${file}.pem`), key: join(directory, `${file}.key`) };
  const arguments_ = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)],
    ...['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
    ...['-keyout', made.key, '-out', made.certificate],
  ];
  execFileSync(openssl!, arguments_, { stdio: 'ignore' });
  return made;
}
