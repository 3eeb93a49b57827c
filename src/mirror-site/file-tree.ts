/** The files of a torrent as folders that open and close, without a script. */
import { html, type Markup } from '../markup/markup.js';
import type { CatalogueFile } from '../store/sqlite/catalogue-torrent.js';
import { showBytes } from './show.js';

/** Browsers struggle with more; the torrent file has the complete list. */
export const MAX_FILES_SHOWN = 1_000;
/** Deeper folders are written as one path. */
const MAX_DEPTH = 12;
/** A tree with fewer files is shown opened. */
const MAX_OPEN_FILES = 20;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: { readonly name: string; readonly bytes: number }[];
  bytes: number;
  count: number;
}

/** At most {@link MAX_FILES_SHOWN} of these files. */
export function fileTree(files: readonly CatalogueFile[], language: string): Markup {
  const shown = files.slice(0, MAX_FILES_SHOWN);
  const root = newFolder();
  for (const { path, bytes } of shown) {
    const parts = path.split('/');
    const depth = Math.min(parts.length - 1, MAX_DEPTH);
    let folder = root;
    for (const name of parts.slice(0, depth)) {
      const below: Folder = folder.folders.get(name) ?? newFolder();
      folder.folders.set(name, below);
      folder = below;
      folder.bytes += bytes;
      folder.count++;
    }
    folder.files.push({ name: parts.slice(depth).join('/'), bytes });
  }
  return html`<div class="card files">${showFolder(root, shown.length <= MAX_OPEN_FILES, language)}</div>`;
}

function newFolder(): Folder {
  return { folders: new Map(), files: [], bytes: 0, count: 0 };
}

function showFolder(folder: Folder, isOpen: boolean, language: string): Markup {
  const folders = [...folder.folders].map(
    ([name, below]) =>
      html`<li><details${isOpen && html` open`}><summary><bdi>${name}</bdi> <span class="soft">${below.count} · ${showBytes(below.bytes, language)}</span></summary>${showFolder(below, isOpen, language)}</details></li>
`,
  );
  const files = folder.files.map(
    ({
      name,
      bytes,
    }) => html`<li class="file"><bdi>${name}</bdi> <span class="soft">${showBytes(bytes, language)}</span></li>
`,
  );
  return html`<ul>${folders}${files}</ul>`;
}
