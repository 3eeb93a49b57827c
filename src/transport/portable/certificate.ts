/**
 * The certificate of an https listener, read at the start and again when one of its files changes. If certificate and key
 * do not match (only one file is replaced so far), the old pair stays in use.
 */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { CertificatePair, TlsMaterial } from '../transport.js';

/** Certificates change every few weeks; a check costs two stat calls. */
const CHECK_EVERY_MS = 5_000;

export class Certificate {
  private currentContext: SecureContext;
  private material: TlsMaterial;
  private readonly onChange: () => void;

  private constructor(pair: CertificatePair) {
    this.material = pair.material;
    this.currentContext = contextOf(pair);
    this.onChange = () => {
      readCertificate(this.material).then(
        (changed) => this.use(changed),
        () => {
          // Only one file is replaced: the change of the other triggers the next attempt.
        },
      );
    };
    this.watch();
  }

  /** @throws OperatorError if the files cannot be read or do not match */
  static async open(material: TlsMaterial): Promise<Certificate> {
    return new Certificate(await readCertificate(material));
  }

  get context(): SecureContext {
    return this.currentContext;
  }

  /** @param pair from {@link readCertificate}, possibly of other files */
  use(pair: CertificatePair): void {
    this.currentContext = contextOf(pair);
    this.close();
    this.material = pair.material;
    this.watch();
  }

  close(): void {
    unwatchFile(this.material.certificateFile, this.onChange);
    unwatchFile(this.material.keyFile, this.onChange);
  }

  private watch(): void {
    watchFile(this.material.certificateFile, { persistent: false, interval: CHECK_EVERY_MS }, this.onChange);
    watchFile(this.material.keyFile, { persistent: false, interval: CHECK_EVERY_MS }, this.onChange);
  }
}

/** @throws OperatorError if the files cannot be read, are not PEM, or do not match */
export async function readCertificate(material: TlsMaterial): Promise<CertificatePair> {
  try {
    const [certificate, key] = await Promise.all([
      readFile(material.certificateFile, 'utf8'),
      readFile(material.keyFile, 'utf8'),
    ]);
    const pair = { material, certificate, key };
    contextOf(pair);
    return pair;
  } catch (cause) {
    throw new OperatorError(
      `certificate ${material.certificateFile} with key ${material.keyFile} cannot be used: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function contextOf({ certificate, key }: CertificatePair): SecureContext {
  return createSecureContext({ cert: certificate, key });
}
