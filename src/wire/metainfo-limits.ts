/** Limits on torrent files and magnet links, which come from strangers. Each is well above what real files need. */

/** 100 MiB, which qBittorrent accepts by default. libtorrent by itself accepts 10 MB. */
export const MAX_TORRENT_BYTES = 100 * 2 ** 20;
/** Nesting of lists and dictionaries. A v2 file tree nests once for each directory. */
export const MAX_BENCODE_DEPTH = 100;
/** Values in one file. The scan is linear, so this bounds its cost however small the values are. */
export const MAX_BENCODE_VALUES = 3_000_000;
/** Keys of one dictionary: `piece layers` and a directory of a file tree have one per file. Each costs 200 bytes. */
export const MAX_DICTIONARY_KEYS = 250_000;
/** Digits of a string's length: 100 MiB needs 9. */
export const MAX_LENGTH_DIGITS = 9;
/** Digits of an unsigned 64-bit integer. */
export const MAX_INTEGER_DIGITS = 20;
/** Entries of the file list; each costs a few hundred bytes of memory. */
export const MAX_FILES = 200_000;
/** Bytes of UTF-8 of a torrent's name: file systems allow no longer names, so clients truncate there. */
export const MAX_NAME_BYTES = 255;
/** Bytes of UTF-8 of a file's path, truncated above; Windows and most sites stop at 260 characters. */
export const MAX_PATH_BYTES = 1_024;
/** Trackers read from one torrent or magnet link. Real lists stay below a hundred. */
export const MAX_TRACKERS = 500;
/** An announce URL with its passkey is below 300 characters; 2,000 is what browsers and proxies carry. */
export const MAX_ANNOUNCE_URL_CHARACTERS = 2_000;
/** A magnet link with a hundred trackers has about 6,000 characters. The mirror's feed repeats 200 of them. */
export const MAX_MAGNET_CHARACTERS = 8_000;
