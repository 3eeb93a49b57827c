/**
 * Entity tags of rewritten answers (RFC 9110 section 8.8.3). A rewritten page has another tag than the original's, which
 * also says what it was rewritten to, so that a browser never confuses the two after an opt-out, and asks again after a
 * change of the announce URLs. The original gets its own tag back.
 */
import { createHash } from 'node:crypto';

/** `W/"tag…"`, and a comma within the quotes is possible. */
const TAG = /(?:W\/)?"[^"]*"/g;

export interface EntityTags {
  /** Weak: another compression may be chosen. @param tag of the original */
  rewritten(tag: string): string;
  /** A list of tags as the original knows them; undefined if none is left. @param isRewritten what the reader gets */
  restored(list: string, isRewritten: boolean): string | undefined;
}

/** @param rewriting everything that the rewriting depends on */
export function entityTags(rewriting: readonly string[]): EntityTags {
  const version = createHash('sha1').update(JSON.stringify(rewriting)).digest('hex').slice(0, 8);
  const ours = /-alias([sw])([0-9a-f]{8})"$/;
  return {
    rewritten: (tag) => {
      const content = /^(W\/)?"([^"]*)"$/.exec(tag);
      // A tag without quotes is invalid. It could not be restored.
      return content === null ? tag : `W/"${content[2]}-alias${content[1] === undefined ? 's' : 'w'}${version}"`;
    },
    restored: (list, isRewritten) => {
      if (!list.includes('-alias')) return list;
      const kept = (list.match(TAG) ?? []).flatMap((tag) => {
        const match = ours.exec(tag);
        if (match === null) return [tag];
        if (!isRewritten || match[2] !== version) return [];
        const content = tag.slice(tag.indexOf('"'), match.index);
        return [`${match[1] === 'w' ? 'W/' : ''}${content}"`];
      });
      return kept.length === 0 ? undefined : kept.join(', ');
    },
  };
}
