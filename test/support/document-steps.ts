/** What a document tells its reader to do, in order: commands to type, and files to save or to add to. */
import { readFileSync } from 'node:fs';

export type DocumentStep =
  /** One line for a shell. */
  | { readonly kind: 'command'; readonly heading: string; readonly command: string }
  /** A piece of configuration. */
  | { readonly kind: 'yaml'; readonly heading: string; readonly text: string };

/** The steps of a document: its blocks of `sh`, line by line without comments, and of `yaml`. */
export function stepsOf(path: string): DocumentStep[] {
  const steps: DocumentStep[] = [];
  let heading = '';
  const text = readFileSync(path, 'utf8');
  for (const [, title, language, body] of text.matchAll(/^## (.+)$|^```(sh|yaml)\n([\s\S]*?)^```/gm)) {
    if (title !== undefined) heading = title;
    else if (language === 'yaml') steps.push({ kind: 'yaml', heading, text: body! });
    else for (const command of commandsOf(body!)) steps.push({ kind: 'command', heading, command });
  }
  return steps;
}

function commandsOf(block: string): string[] {
  return block
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#\s.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
