/** Durations, sizes, rates and times of day as an operator writes them. A number without its unit is refused. */

const MS_OF: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES_OF: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};
/** Rates of lines are in bits, those of files in bytes. */
const BYTES_PER_SECOND_OF: Readonly<Record<string, number>> = {
  'kbit/s': 1e3 / 8,
  'Mbit/s': 1e6 / 8,
  'Gbit/s': 1e9 / 8,
  'KB/s': 1e3,
  'MB/s': 1e6,
  'GB/s': 1e9,
};

/** `250ms`, `45s`, `30m`, `12h`, `7d`, `1.5h`. @returns milliseconds, undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * MS_OF[match[2]!]!);
}

/** `500B`, `64KiB`, `8MiB`, `2GB`, `4TB`. @returns bytes, undefined for anything else. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * BYTES_OF[match[2]!]!);
}

/** `500Mbit/s`, `1.5Gbit/s`, `40MB/s`. @returns bytes per second, undefined for anything else. */
export function parseRateBytesPerSecond(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s?([kMG]bit\/s|[KMG]B\/s)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * BYTES_PER_SECOND_OF[match[2]!]!);
}

/** `07:30`; `24:00` is the end of the day. @returns minutes since midnight, undefined for anything else. */
export function parseTimeOfDayMinutes(text: string): number | undefined {
  const match = /^(\d{2}):([0-5]\d)$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  return minutes <= 1_440 ? minutes : undefined;
}

/** @returns `30m`, `1500ms`: the shortest exact way to write it. */
export function formatDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (durationMs !== 0 && durationMs % MS_OF[unit]! === 0) return `${durationMs / MS_OF[unit]!}${unit}`;
  }
  return `${durationMs}ms`;
}
