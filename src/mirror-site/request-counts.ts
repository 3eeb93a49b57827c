/** Counts the answers of the mirror site by what they are. */
import type { RequestListener, ServerResponse } from 'node:http';

const KINDS = { 'application/x-bittorrent': 'torrent', 'text/html': 'page' } as const;

export class RequestCounts {
  readonly counts = { torrent: 0, page: 0, other: 0, error: 0 };

  /** @returns the listener, whose answers are counted */
  counting(listener: RequestListener): RequestListener {
    return (request, response) => {
      response.once('finish', () => {
        this.counts[kindOf(response)]++;
      });
      listener(request, response);
    };
  }
}

function kindOf(response: ServerResponse): keyof RequestCounts['counts'] {
  if (response.statusCode >= 400) return 'error';
  const type = String(response.getHeader('content-type') ?? '').split(';')[0]!;
  return type in KINDS ? KINDS[type as keyof typeof KINDS] : 'other';
}
