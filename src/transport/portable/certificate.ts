/**
 * The certificate of an https listener: read at the start, and again when asked or when one of its files changes. A new
 * pair that does not fit together (one file replaced, the other not yet) leaves the old one in use.
 */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { TlsMaterial } from '../transport.js';

/** Certificates change every few weeks; looking this often costs two stat calls. */
const LOOK_EVERY_MS = 5_000;

export class Certificate {
  #context: SecureContext;
  readonly #material: TlsMaterial;
  readonly #onChange: () => void;

  private constructor(material: TlsMaterial, context: SecureContext) {
    this.#material = material;
    this.#context = context;
    this.#onChange = () => {
      this.reload().catch(() => {
        // Half replaced: the other file's change brings us back.
      });
    };
    watchFile(material.certificateFile, { persistent: false, interval: LOOK_EVERY_MS }, this.#onChange);
    watchFile(material.keyFile, { persistent: false, interval: LOOK_EVERY_MS }, this.#onChange);
  }

  /** @throws OperatorError where the files cannot be read or do not fit together */
  static async open(material: TlsMaterial): Promise<Certificate> {
    return new Certificate(material, await read(material));
  }

  get context(): SecureContext {
    return this.#context;
  }

  /** @throws OperatorError; the old certificate then stays */
  async reload(): Promise<void> {
    this.#context = await read(this.#material);
  }

  close(): void {
    unwatchFile(this.#material.certificateFile, this.#onChange);
    unwatchFile(this.#material.keyFile, this.#onChange);
  }
}

async function read(material: TlsMaterial): Promise<SecureContext> {
  try {
    const [cert, key] = await Promise.all([readFile(material.certificateFile), readFile(material.keyFile)]);
    return createSecureContext({ cert, key });
  } catch (cause) {
    throw new OperatorError(
      `certificate ${material.certificateFile} with key ${material.keyFile} cannot be used: ${messageOf(cause)}`,
      { cause },
    );
  }
}
