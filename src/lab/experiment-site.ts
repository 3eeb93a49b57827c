/** The original site of an experiment, a process of its own: `node experiment-site.js ADDRESS PORT TORRENT`. */
import { readFileSync } from 'node:fs';
import { parseMetainfo } from '../wire/metainfo.js';
import { startOriginalSite } from './original-site.js';

const [host = '', port, file = ''] = process.argv.slice(2);
const bytes = readFileSync(file);
const { infoHash } = parseMetainfo(bytes);
await startOriginalSite({
  listen: [{ host, port: Number(port) }],
  name: host,
  torrents: [
    { name: 'content', title: 'Content', popularity: { seeds: 1, leechers: 1 }, bytes, infoHash, content: undefined },
  ],
});
