/** A number with its noun, for messages and pages in English: `1 torrent`, `2 torrents`. */

/** @param many the plural, if it is not `one` with an s */
export function counted(count: number, one: string, many?: string): string {
  return `${count} ${nounFor(count, one, many)}`;
}

/** `north, south, east and 37 more`: the first names of a list, so that a line stays a line. */
export function shortList(names: readonly string[], shown = 3): string {
  const rest = names.length - shown;
  return `${names.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** The noun alone, for a number that is written in another way. */
export function nounFor(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
