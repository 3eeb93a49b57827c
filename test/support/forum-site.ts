/**
 * A small torrent forum, as an original site may be: accounts with a cookie session, search, upload, comments, paging,
 * compression, redirects, ranges, a feed, a private torrent, and a chat over a WebSocket.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import express, { type Express, type Request, type Response } from 'express';
import { Response as Multipart } from 'undici';
import fixtures from 'webtorrent-fixtures';
import { WebSocketServer } from 'ws';
import { escapeMarkup } from '../../src/markup/markup.js';
import { torrentWith } from './torrents.js';

export const FORUM_TRACKER = 'http://tracker.forum.example:6969/announce';
const PAGE_SIZE = 5;

export interface ForumPost {
  readonly title: string;
  readonly file: Buffer;
  readonly hash: string;
  readonly comments: string[];
}

export interface Forum {
  readonly app: Express;
  readonly server: Server;
  readonly posts: ForumPost[];
  /** Every path that was asked for, with its method. */
  readonly requests: string[];
}

/** Not listening yet. @param tracker in its torrents */
export function createForum(tracker = FORUM_TRACKER): Forum {
  const sessions = new Map<string, string>();
  const posts: ForumPost[] = [];
  const requests: string[] = [];
  const add = (title: string, file: Uint8Array, hash: string): number =>
    posts.push({ title, file: Buffer.from(file), hash, comments: [] }) - 1;
  add('Alice in Wonderland', withTracker(fixtures.alice.torrent, tracker), fixtures.alice.parsedTorrent.infoHash);
  add('Members only', torrentWith({ announce: tracker }, { private: 1, name: 'secret' }), 'ab'.repeat(20));
  for (let n = 0; n < 12; n++) add(`Old film ${n}`, torrentWith({ announce: tracker }, { name: `film${n}` }), hex(n));

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'strong');
  app.use((request, _, next) => {
    requests.push(`${request.method} ${request.url}`);
    next();
  });
  const userOf = (cookie: string | undefined): string | undefined =>
    sessions.get(/(?:^|;\s*)session=([0-9a-f]+)/.exec(cookie ?? '')?.[1] ?? '');
  const show = (request: Request, response: Response, title: string, body: string): void => {
    const user = userOf(request.headers.cookie);
    const head = `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="/style.css"></head>`;
    const bar =
      user === undefined
        ? '<a href="/login">Log in</a>'
        : `Hello <b id="user">${user}</b> <a href="/upload">Upload</a>`;
    sendPacked(
      request,
      response,
      `${head}\n<body class='forum'>\n<header>${bar} <form action="/search"><input name="q"></form></header>\n${body}\n</body></html>\n`,
    );
  };
  const rows = (list: readonly ForumPost[]): string =>
    list
      .map((post) => {
        const id = posts.indexOf(post);
        return `<tr><td><a href="/t/${id}">${escapeMarkup(post.title)}</a><td><a class=magnet href="${magnetOf(post, tracker)}">Magnet</a><td><a href='/download.php?id=${id}'>Get</a>`;
      })
      .join('\n');

  app.get('/', (request, response) => {
    const page = Number(request.query.page ?? 1);
    const list = posts.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
    show(request, response, 'Forum', `<table>${rows(list)}</table><a rel=next href="/?page=${page + 1}">Next</a>`);
  });
  app.get('/search', (request, response) => {
    const q = String(request.query.q ?? '');
    const list = posts.filter(({ title }) => title.toLowerCase().includes(q.toLowerCase()));
    show(
      request,
      response,
      'Search',
      `<p id="count">${list.length} results for ${escapeMarkup(q)}</p><table>${rows(list)}</table>`,
    );
  });
  app.get('/login', (request, response) =>
    show(
      request,
      response,
      'Log in',
      '<form method="post" action="/login"><input name="name"><input name="password" type="password"><button>Go</button></form>',
    ),
  );
  app.post('/login', express.urlencoded({ extended: false }), (request, response) => {
    const { name, password } = request.body as { name: string; password: string };
    if (password !== 'sesame') return void show(request, response.status(403), 'No', '<p>Wrong password</p>');
    const session = randomBytes(16).toString('hex');
    sessions.set(session, name);
    response.setHeader('Set-Cookie', [`session=${session}; Path=/; HttpOnly; SameSite=Lax`, 'seen=1; Path=/']);
    // Absolute, as old forums write it.
    response.redirect(`http://${request.headers.host}/`);
  });
  app.get('/upload', (request, response) =>
    show(
      request,
      response,
      'Upload',
      `<p>Announce to <code>${tracker}</code></p><form method="post" enctype="multipart/form-data" action="/upload"><input name="title"><input name="file" type="file"><button>Send</button></form>`,
    ),
  );
  app.post('/upload', express.raw({ type: 'multipart/form-data', limit: '20mb' }), async (request, response) => {
    if (userOf(request.headers.cookie) === undefined) return void response.status(403).send('log in first');
    const type = request.headers['content-type']!;
    const form = await new Multipart(request.body as Buffer, { headers: { 'content-type': type } }).formData();
    const file = form.get('file');
    if (typeof file === 'string' || file === null) return void response.status(400).send('no file');
    const bytes = Buffer.from(await file.arrayBuffer());
    response.redirect(303, `/t/${add(String(form.get('title')), bytes, hex(posts.length))}`);
  });
  app.get('/t/:id', (request, response) => {
    const post = posts[Number(request.params.id)];
    if (post === undefined) return void show(request, response.status(404), 'Nothing', '<p>No such torrent</p>');
    const comments = post.comments.map((text) => `<li>${escapeMarkup(text)}</li>`).join('');
    show(
      request,
      response,
      escapeMarkup(post.title),
      `<h1>${escapeMarkup(post.title)}</h1><a id="magnet" href="${magnetOf(post, tracker)}">Magnet</a> <a id="get" href="/download.php?id=${posts.indexOf(post)}">Download</a>
<ul id="comments">${comments}</ul><form method="post" action="/t/${posts.indexOf(post)}/comment"><textarea name="text">${magnetOf(post, tracker)}</textarea><button>Comment</button></form>`,
    );
  });
  app.post('/t/:id/comment', express.urlencoded({ extended: false }), (request, response) => {
    posts[Number(request.params.id)]?.comments.push(String((request.body as { text: string }).text));
    response.redirect(303, `/t/${request.params.id}`);
  });
  const download = (request: Request, response: Response): void => {
    const post = posts[Number(request.query.id)];
    if (post === undefined) return void response.status(404).send('nothing');
    response.setHeader('Content-Disposition', 'attachment; filename="file.torrent"');
    response.type('application/x-bittorrent').send(post.file);
  };
  app.get('/download.php', download);
  // As some forums do: by a form, and without a type that says what it is.
  app.post('/fetch', (request, response) => {
    response.setHeader('Content-Type', 'application/octet-stream');
    response.end(posts[Number(request.query.id)]!.file);
  });
  app.get('/feed.xml', (request, response) => {
    const items = posts.map(
      (post) =>
        `<item><title>${escapeMarkup(post.title)}</title><link>${magnetOf(post, tracker)}</link><magnetURI><![CDATA[${magnetOf(post, tracker).replaceAll('&amp;', '&')}]]></magnetURI></item>`,
    );
    sendPacked(
      request,
      response.type('application/rss+xml'),
      `<?xml version="1.0"?><rss version="2.0"><channel>${items.join('')}</channel></rss>`,
    );
  });
  app.get('/api/list.json', (_, response) => {
    response.json(
      posts.map((post) => ({ title: post.title, magnet: magnetOf(post, tracker).replaceAll('&amp;', '&') })),
    );
  });
  app.get(
    '/style.css',
    (_, response) => void response.type('text/css').send('body { color: #222 } /* magnet:?xt=urn:btih:0 */'),
  );
  const picture = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7_919) % 256));
  app.get('/picture.png', (request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Last-Modified', 'Sun, 22 Nov 2026 10:00:00 GMT');
    response.type('image/png');
    if (range === null) return void response.send(picture);
    const [start, end] = [Number(range[1]), range[2] === '' ? picture.length - 1 : Number(range[2])];
    response.setHeader('Content-Range', `bytes ${start}-${end}/${picture.length}`);
    response.status(206).end(picture.subarray(start, end + 1));
  });
  app.get('/old', (request, response) => response.redirect(301, `http://${request.headers.host}/t/0`));
  app.get('/chat', (request, response) =>
    show(
      request,
      response,
      'Chat',
      `<ol id="lines"></ol><script>
const socket = new WebSocket('ws://' + location.host + '/chat-socket');
socket.onmessage = (event) => { const line = document.createElement('li'); line.textContent = event.data; document.getElementById('lines').append(line); };
socket.onopen = () => socket.send('hello');
</script>`,
    ),
  );
  app.get('/robots.txt', (_, response) => void response.type('text/plain').send('User-agent: *\nDisallow: /upload\n'));

  const server = createServer(app);
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    requests.push(`UPGRADE ${request.url}`);
    if (request.url !== '/chat-socket')
      return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nclosed');
    sockets.handleUpgrade(request, socket, head, (client) => {
      const user = userOf(request.headers.cookie) ?? 'nobody';
      client.on('message', (text) => client.send(`${user} says ${String(text)}`));
      client.on('error', () => client.terminate());
    });
  });
  return { app, server, posts, requests };
}

/** As in a page. */
function magnetOf({ hash, title }: ForumPost, tracker: string): string {
  return `magnet:?xt=urn:btih:${hash}&amp;dn=${encodeURIComponent(title)}&amp;tr=${encodeURIComponent(tracker)}`;
}

function hex(n: number): string {
  return createHash('sha1').update(`torrent ${n}`).digest('hex');
}

function withTracker(torrent: Uint8Array, tracker: string): Buffer {
  const bytes = Buffer.from(torrent);
  const first = `d8:announce${tracker.length}:${tracker}`;
  const rest = bytes.subarray(bytes.indexOf('4:info'));
  return Buffer.concat([Buffer.from(first), rest]);
}

/** In the best coding that the reader names, always with an ETag of the plain text. */
function sendPacked(request: Request, response: Response, text: string): void {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const body = Buffer.from(text);
  response.setHeader('ETag', `"${createHash('sha1').update(body).digest('hex').slice(0, 16)}"`);
  response.setHeader('Vary', 'Accept-Encoding');
  if (!response.getHeader('Content-Type')) response.type('html');
  if (request.headers['if-none-match'] === response.getHeader('ETag')) return void response.status(304).end();
  const coding = /\bbr\b/.test(accepted)
    ? 'br'
    : /\bgzip\b/.test(accepted)
      ? 'gzip'
      : /\bdeflate\b/.test(accepted)
        ? 'deflate'
        : undefined;
  if (coding !== undefined) response.setHeader('Content-Encoding', coding);
  const packed =
    coding === 'br'
      ? brotliCompressSync(body)
      : coding === 'gzip'
        ? gzipSync(body)
        : coding === 'deflate'
          ? deflateSync(body)
          : body;
  response.end(packed);
}
