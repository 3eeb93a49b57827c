/**
 * Who named the imported peers: an original tracker (`udp://tracker.example.org:6969`), a partner that pushes, the DHT. A record has
 * room for a number only (see imported-peer), so each origin has one.
 *
 * Strangers' torrents name the trackers, so the number of origins is bounded. The origin that was used least recently gives up
 * its number, but only after no peer can have it any more.
 */

/** Two bytes in a snapshot. Far more trackers than a catalogue names at a time. */
export const MAX_ORIGINS = 4_095;
/** A host name has at most 253 characters. */
export const MAX_ORIGIN_BYTES = 300;

/** The origin of a peer whose origin has no number. */
const UNKNOWN = 0;

export interface NumberedOrigin {
  readonly number: number;
  readonly text: string;
}

export class ImportOrigins {
  /** Least recently used first. */
  private readonly numbers = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [undefined];
  private readonly usedAtSeconds: number[] = [0];

  /** @param lifetimeSeconds the longest that an imported peer lives */
  constructor(private readonly lifetimeSeconds: number) {}

  /** The number of an origin that names peers now; 0 if there are too many origins. */
  numberOf(text: string, nowSeconds: number): number {
    if (text === '') return UNKNOWN;
    const number = this.numbers.get(text) ?? this.freeNumber(nowSeconds);
    if (number === UNKNOWN) return UNKNOWN;
    this.numbers.delete(text);
    this.numbers.set(text, number);
    this.texts[number] = text;
    this.usedAtSeconds[number] = nowSeconds;
    return number;
  }

  /** @returns undefined for an origin of which no peer is left, or none was named */
  findNumber(text: string): number | undefined {
    return this.numbers.get(text);
  }

  /** @returns undefined if it is not known */
  textOf(number: number): string | undefined {
    return this.texts[number];
  }

  list(): NumberedOrigin[] {
    return [...this.numbers].map(([text, number]) => ({ number, text }));
  }

  /** Takes an origin of a snapshot with its number, unless one of the two is in use: a snapshot is for a new store. */
  restore({ number, text }: NumberedOrigin, nowSeconds: number): void {
    if (this.texts[number] !== undefined || this.numbers.has(text)) return;
    while (this.texts.length <= number) {
      this.texts.push(undefined);
      this.usedAtSeconds.push(0);
    }
    this.numbers.set(text, number);
    this.texts[number] = text;
    this.usedAtSeconds[number] = nowSeconds;
  }

  private freeNumber(nowSeconds: number): number {
    if (this.numbers.size < MAX_ORIGINS) {
      for (let number = this.numbers.size + 1; ; number = (number % MAX_ORIGINS) + 1) {
        if (this.texts[number] === undefined) return number;
      }
    }
    const [oldest, number] = this.numbers.entries().next().value!;
    if (nowSeconds - this.usedAtSeconds[number]! <= this.lifetimeSeconds) return UNKNOWN;
    this.numbers.delete(oldest);
    this.texts[number] = undefined;
    return number;
  }
}
