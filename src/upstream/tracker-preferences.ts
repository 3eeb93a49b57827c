/** BEP 34: a TXT record `BITTORRENT UDP:1337 TCP:80` of a tracker's name lists the ports at which it may be asked. */

export interface TrackerPreferences {
  readonly allowed: readonly { readonly protocol: 'udp' | 'tcp'; readonly port: number }[];
}

/**
 * @param texts the TXT records of the name, each joined into one string
 * @returns `undefined` if there is no such record; with an empty list the tracker must not be asked (`DENY ALL`)
 */
export function parseTrackerPreferences(texts: readonly string[]): TrackerPreferences | undefined {
  const record = texts.find((text) => /^BITTORRENT( |$)/.test(text));
  if (record === undefined) return undefined;
  const allowed: { protocol: 'udp' | 'tcp'; port: number }[] = [];
  for (const word of record.split(' ').slice(1)) {
    const match = /^(UDP|TCP):(\d{1,5})$/.exec(word);
    if (match) allowed.push({ protocol: match[1] === 'UDP' ? 'udp' : 'tcp', port: Number(match[2]) });
  }
  return { allowed };
}
