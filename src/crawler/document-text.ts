/** Decodes a fetched document in the character set that its header, XML declaration or meta element names. */
import { TextDecoder } from 'node:util';

/** How far a document is searched for its own declaration (HTML: the first 1,024 bytes). */
const DECLARATION_BYTES = 1_024;

export function documentText(bytes: Uint8Array, contentType: string | undefined): string {
  const head = Buffer.from(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const label =
    /charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? '')?.[1] ??
    /^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*\bencoding\s*=\s*["']([\w-]+)/.exec(head)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1] ??
    'utf-8';
  return decoderFor(label).decode(bytes);
}

function decoderFor(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    // Unknown character set: names may be garbled, addresses are ASCII.
    return new TextDecoder();
  }
}
