/**
 * The script of the dashboard. It listens to the stream of updates of its page and changes single cells, never what contains
 * them: scroll position, selection and focus stay, because their nodes stay. Pages work without it.
 */

export const EVENTS_PATH = '/events';
/** The stream sends something at least this often. */
export const HEARTBEAT_MS = 5_000;

export const SCRIPT = `
const stale = document.getElementById('stale'), notice = document.getElementById('rows'), updated = document.getElementById('updated');
const cells = new Map([...document.querySelectorAll('[data-cell]')].map((node) => [node.dataset.cell, node]));
const shown = new Map();
for (const { dataset } of document.querySelectorAll('tr[data-list]')) {
  if (!shown.has(dataset.list)) shown.set(dataset.list, new Set());
  shown.get(dataset.list).add(dataset.row);
}
let heard = performance.now();

function alive() {
  heard = performance.now();
  stale.hidden = true;
}

// A text node is changed in place: a selection in it and around it stays.
function write(node, text) {
  if (node.textContent === text) return;
  if (node.childNodes.length === 1 && node.firstChild.nodeType === Node.TEXT_NODE) node.firstChild.data = text;
  else if (node.childElementCount === 0) node.textContent = text;
}

function change([id, text, attributes]) {
  const node = cells.get(id);
  if (!node) return;
  write(node, text);
  for (const { name } of [...node.attributes]) if (name !== 'data-cell' && !(name in attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function count(number, word) { return number + ' ' + word + (number === 1 ? ' row' : ' rows') }

// Rows that come or go would move what somebody reads: they are announced.
function compare(lists) {
  let added = 0, gone = 0;
  for (const list of new Set([...shown.keys(), ...Object.keys(lists)])) {
    const before = shown.get(list) || new Set(), now = new Set(lists[list] || []);
    for (const key of now) if (!before.has(key)) added++;
    for (const key of before) if (!now.has(key)) gone++;
  }
  const parts = [];
  if (added) parts.push(count(added, 'new'));
  if (gone) parts.push(count(gone, 'outdated'));
  const text = parts.join(', ');
  notice.hidden = text === '';
  write(notice.firstElementChild, text);
}

function follow() {
  const stream = new EventSource(new URL('${EVENTS_PATH}?page=' + encodeURIComponent(location.pathname + location.search), location.origin));
  stream.addEventListener('cells', (event) => { alive(); JSON.parse(event.data).forEach(change) });
  stream.addEventListener('lists', (event) => { alive(); compare(JSON.parse(event.data)) });
  stream.addEventListener('beat', (event) => { alive(); write(updated, event.data) });
  stream.addEventListener('error', () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    // The session has ended, or there are too many streams.
    stale.hidden = false;
    setTimeout(follow, 15000);
  });
  addEventListener('pagehide', () => stream.close(), { once: true });
}
setInterval(() => { if (performance.now() - heard > ${3 * HEARTBEAT_MS}) stale.hidden = false }, 1000);
if (document.body.dataset.live === 'yes') follow();
addEventListener('pageshow', (event) => { if (event.persisted) location.reload() });`;
