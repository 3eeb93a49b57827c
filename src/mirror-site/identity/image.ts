/** The operator's logo and icon: read once, recognised by their first bytes, and served so that an SVG cannot run a script. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { messageOf, OperatorError } from '../../domain/errors.js';

/** Every visitor loads it once. */
const MAX_IMAGE_BYTES = 256 * 1024;

export interface Image {
  /** Where it is served: changes with its bytes, so that browsers may keep it. */
  readonly path: string;
  readonly type: 'image/png' | 'image/webp' | 'image/svg+xml';
  readonly bytes: Uint8Array;
}

const EXTENSIONS = { 'image/png': 'png', 'image/webp': 'webp', 'image/svg+xml': 'svg' } as const;

/** @param name of its path @throws OperatorError that says what to do */
export async function readImage(name: string, file: string): Promise<Image> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(file);
    if (size > MAX_IMAGE_BYTES) {
      throw new OperatorError(
        `${file} has ${size} bytes; every visitor loads it, so make it smaller than ${MAX_IMAGE_BYTES} bytes`,
      );
    }
    bytes = await readFile(file);
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(`cannot read ${file}: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
  return imageOf(name, bytes, () => `${file} is not a PNG, WebP or SVG image; convert it to one of them`);
}

/** @param fault what to say if the bytes are not an image */
export function imageOf(name: string, bytes: Uint8Array, fault: () => string): Image {
  const type = typeOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (type === undefined) throw new OperatorError(fault());
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
  return { path: `/${name}-${version}.${EXTENSIONS[type]}`, type, bytes };
}

function typeOf(bytes: Buffer): Image['type'] | undefined {
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'image/png';
  const isRiff = bytes.subarray(0, 4).toString('latin1') === 'RIFF';
  if (isRiff && bytes.subarray(8, 12).toString('latin1') === 'WEBP') return 'image/webp';
  const begin = bytes
    .subarray(0, 4_096)
    .toString()
    .replace(/^\ufeff/, '');
  return /^\s*(?:<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/.test(begin)
    ? 'image/svg+xml'
    : undefined;
}
