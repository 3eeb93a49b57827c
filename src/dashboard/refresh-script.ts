/**
 * The script of the dashboard: fetches the changing part and changes only what is different, node by node. Scroll
 * position, selection and focus stay, because their nodes stay. `data-key` identifies rows and sections.
 */

export const FRAGMENT_PATH = '/overview';

export const REFRESH_SCRIPT = `
const EVERY_MS = 2000;
const main = document.getElementById('now'), stale = document.getElementById('stale');

// Text and attributes of one node, and those below it.
function patch(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== wanted.data) node.data = wanted.data;
    return;
  }
  for (const { name } of [...node.attributes]) if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  let at = node.firstChild;
  for (const child of [...wanted.childNodes]) {
    let found = at;
    while (found && !isSame(found, child)) found = found.nextSibling;
    if (!found) {
      node.insertBefore(document.importNode(child, true), at);
      continue;
    }
    // A node that is moved loses what is selected or focused in it: then the others move.
    if (isInUse(found)) while (at !== found) [at] = [at.nextSibling, node.appendChild(at)];
    else if (found !== at) node.insertBefore(found, at);
    patch(found, child);
    at = found.nextSibling;
  }
  while (at) [at] = [at.nextSibling, at.remove()];
}

function isSame(a, b) {
  return a.nodeName === b.nodeName && (a.dataset ? a.dataset.key : '') === (b.dataset ? b.dataset.key : '');
}

function isInUse(node) {
  const selection = getSelection();
  return node.contains(document.activeElement) || (selection.type === 'Range' && selection.containsNode(node, true));
}

async function refresh() {
  try {
    if (document.hidden) return;
    // From the origin: a page that was opened with credentials in its URL may not fetch relative to it.
    const answer = await fetch(new URL('${FRAGMENT_PATH}', location.origin), { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error(answer.status);
    const wanted = document.createElement('main');
    wanted.id = main.id;
    wanted.append(...new DOMParser().parseFromString(await answer.text(), 'text/html').body.childNodes);
    patch(main, wanted);
    stale.hidden = true;
  } catch { stale.hidden = false } finally { setTimeout(refresh, EVERY_MS) }
}
setTimeout(refresh, EVERY_MS);`;
