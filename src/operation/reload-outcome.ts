/** What a reload changes, or would change. */

export interface ReloadChange {
  readonly key: string;
  /** As it is written, secrets hidden; null: not written, and without a default. */
  readonly old: string | null;
  readonly new: string | null;
  readonly takesEffect: 'now' | 'restart';
}

export interface ReloadOutcome {
  /** False for a dry run. */
  readonly applied: boolean;
  readonly changes: readonly ReloadChange[];
  /** Keys that differ from those of the start and need a restart, also of earlier reloads. */
  readonly needRestart: readonly string[];
  /** Files that the configuration names, and that have changed since they were last read. */
  readonly files: readonly { readonly key: string; readonly file: string; readonly change: 'changed' | 'removed' }[];
}

/** For the log and the command line; one line each. */
export function reloadLines({ changes, needRestart, files }: ReloadOutcome): string[] {
  return [
    ...changes.map((each) => {
      const when = each.takesEffect === 'now' ? '' : ' (takes effect at the next start)';
      return `${each.key}: ${each.old ?? 'not set'} → ${each.new ?? 'not set'}${when}`;
    }),
    ...files.map(({ key, file, change }) => `${key}: ${file} was ${change}`),
    ...needRestart
      .filter((key) => !changes.some((each) => each.key === key))
      .map((key) => `${key}: changed earlier, takes effect at the next start`),
  ];
}
