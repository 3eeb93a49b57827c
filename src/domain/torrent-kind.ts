/** What a torrent is by the extensions of its files: what lists can be filtered by where no site names a category. */

export const TORRENT_KINDS = ['video', 'audio', 'image', 'document', 'software', 'archive', 'other'] as const;
export type TorrentKind = (typeof TORRENT_KINDS)[number];

/** An extension belongs to the first kind that lists it. */
const EXTENSIONS: readonly (readonly [TorrentKind, string])[] = [
  ['video', '3gp asf avi divx flv m2ts m4v mkv mov mp4 mpe mpeg mpg mts ogm ogv rm rmvb ts vob webm wmv y4m'],
  [
    'audio',
    'aac ac3 aif aiff alac ape dsf dts flac it m4a m4b mid midi mka mod mp2 mp3 mpc oga ogg opus s3m wav wma wv xm',
  ],
  ['image', 'ai avif bmp cr2 dng eps gif heic ico jp2 jpe jpeg jpg jxl nef png psd raw svg svgz tga tif tiff webp xcf'],
  [
    'document',
    'azw azw3 cbr cbz chm csv djvu doc docx epub fb2 htm html json lit md mobi odp ods odt pdf ppt pptx ps rst rtf tex txt xls xlsx xml',
  ],
  [
    'software',
    'apk appimage bat bin cab deb dmg elf exe flatpak img iso jar msi msix nsp pkg ppa qcow2 rom rpm run sh snap squashfs vdi vhd vmdk wim xci xpi',
  ],
  ['archive', '7z ar arj bz2 gz lha lz lz4 lzh lzma rar sit tar tbz tbz2 tgz txz warc xz z zip zst'],
];

const KIND_OF: ReadonlyMap<string, TorrentKind> = new Map(
  [...EXTENSIONS].reverse().flatMap(([kind, list]) => list.split(' ').map((extension) => [extension, kind] as const)),
);

/** `data.tar.gz.001` and `data.rar.part2` are parts of what stands before. */
const PART = /\.(?:\d{2,4}|part\d{1,4}|r\d{2}|z\d{2})$/i;

/** By the extension of a file's name; `other` if it says nothing. */
function kindOfName(name: string): TorrentKind {
  const whole = /\.[rz]\d{2}$/i.test(name) ? `${name.slice(0, -4)}.rar` : name.replace(PART, '');
  const dot = whole.lastIndexOf('.');
  return (dot < 0 ? undefined : KIND_OF.get(whole.slice(dot + 1).toLowerCase())) ?? 'other';
}

/**
 * The kind that most bytes of the torrent are of. Files without a known extension count only if there are no others, so
 * that a film with large data beside it stays a film.
 * @param name of the torrent, which is all that a magnet link says
 */
export function torrentKind(
  name: string,
  files: readonly { readonly path: string; readonly bytes: number }[],
): TorrentKind {
  if (files.length === 0) return kindOfName(name);
  const bytesOf = new Map<TorrentKind, number>();
  for (const { path, bytes } of files) {
    const kind = kindOfName(path.slice(path.lastIndexOf('/') + 1));
    // An empty file still says something.
    if (kind !== 'other') bytesOf.set(kind, (bytesOf.get(kind) ?? 0) + bytes + 1);
  }
  let most: TorrentKind = 'other';
  for (const [kind, bytes] of bytesOf) if (bytes > (bytesOf.get(most) ?? 0)) most = kind;
  return most;
}
