/** The input and output of an export format. Formats are pure functions. */
import type { ActiveRedirections } from '../active-redirections.js';
import type { CopiedRecord } from '../rpz/compile-zones.js';

export interface Exported {
  readonly redirections: ActiveRedirections;
  /** Records of the originals, by name. A name that is missing here is left out, because it would lose its mail. */
  readonly copies: ReadonlyMap<string, readonly CopiedRecord[]>;
  readonly zone: string;
  readonly exemptZone: string;
  /** The serial of the zones. */
  readonly serial: number;
}

export interface ExportedFile {
  /** `main`: the one that the operator names. Others are written beside it, with this before their ending. */
  readonly part: 'main' | string;
  /** With its dot. */
  readonly ending: string;
  /** What it is and how to use it: lines of a comment. */
  readonly about: readonly string[];
  readonly comment: '#' | ';' | '//' | '--';
  readonly text: string;
}

export interface ExportFormat {
  /** @param pathOf where a file of this export will be */
  files(exported: Exported, pathOf: (part: string) => string): readonly ExportedFile[];
  /** Commands that put changed files in force, as program and arguments. @param changed parts */
  reload(changed: ReadonlySet<string>, exported: Exported): readonly (readonly string[])[];
  /** What this format cannot do with these redirections. */
  warnings(exported: Exported): readonly string[];
}
