/** A number with its noun, for messages and pages in English: `1 torrent`, `2 torrents`. */

/** @param many the plural, if it is not `one` with an s */
export function counted(count: number, one: string, many?: string): string {
  return `${count} ${nounFor(count, one, many)}`;
}

/** The noun alone, for a number that is written in another way. */
export function nounFor(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
