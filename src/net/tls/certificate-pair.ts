/**
 * A certificate with its key, read from PEM files and checked as a listener will use it. The first certificate of the file is
 * the listener's own; those after it are the chain.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { errorCodeOf, messageOf, OperatorError } from '../../domain/errors.js';

export interface CertificateFiles {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export interface CertificatePair {
  readonly files: CertificateFiles;
  /** PEM, with the chain. */
  readonly certificate: string;
  readonly key: string;
  readonly x509: X509Certificate;
  readonly context: SecureContext;
}

/**
 * Sessions are resumed only within one id context. All certificates of a process share it, because a listener chooses the
 * certificate after OpenSSL has looked for the session.
 */
const SESSION_ID_CONTEXT = 'alias-tracker';

/** @throws OperatorError if the files cannot be read, are not PEM, or do not belong together */
export async function readCertificatePair(files: CertificateFiles): Promise<CertificatePair> {
  try {
    const [certificate, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')]);
    const context = createSecureContext(secureContextOptions({ certificate, key }));
    return { files, certificate, key, x509: new X509Certificate(certificate), context };
  } catch (cause) {
    throw new OperatorError(
      `certificate ${files.certificate} with key ${files.key} cannot be used: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** For a listener and for `createSecureContext` alike. */
export function secureContextOptions(pair: Pick<CertificatePair, 'certificate' | 'key'>): SecureContextOptions {
  return { cert: pair.certificate, key: pair.key, sessionIdContext: SESSION_ID_CONTEXT };
}

/** Milliseconds since the Unix epoch. */
export function validToMs({ x509 }: Pick<CertificatePair, 'x509'>): number {
  return Date.parse(x509.validTo);
}

/** Whether the certificate is for this host name or address, wildcards included (RFC 9525). */
export function coversName(x509: X509Certificate, name: string): boolean {
  // checkIP throws for what is not an address.
  return (isIP(name) === 0 ? x509.checkHost(name) : x509.checkIP(name)) !== undefined;
}

function reasonOf(cause: unknown): string {
  switch (errorCodeOf(cause)) {
    case 'ERR_OSSL_X509_KEY_VALUES_MISMATCH':
      return 'the key does not belong to the certificate; name the key that the certificate was requested with';
    case 'ERR_OSSL_PEM_NO_START_LINE':
      return 'one of them is not PEM; convert it with openssl';
    case 'ERR_OSSL_BAD_DECRYPT':
    case 'ERR_OSSL_PEM_BAD_PASSWORD_READ':
    case 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED':
      return 'the key is encrypted; store it without a passphrase, readable by this user only';
    default:
      return messageOf(cause);
  }
}
