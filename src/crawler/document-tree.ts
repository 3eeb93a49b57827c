/**
 * Parses a feed or list page into a tree. htmlparser2 reads both in one pass. Unlike browsers it never moves or copies
 * elements of misnested markup, which can turn 87 kB into gigabytes. Depth and size are limited, which also limits
 * every walk over the tree.
 */
import { type ChildNode, type Document, DomHandler, Element, hasChildren, isTag, isText } from 'domhandler';
import { Parser } from 'htmlparser2';
import { ClientError } from '../domain/errors.js';
import { MAX_DOCUMENT_NODES, MAX_ELEMENT_DEPTH } from './limits.js';

export type { Document as DocumentTree, Element as TreeElement } from 'domhandler';

/** @throws ClientError `invalid-document` if it is nested too deeply or has too many parts */
export function documentTree(text: string, kind: 'xml' | 'html'): Document {
  const xmlMode = kind === 'xml';
  const handler = new LimitedHandler(undefined, { xmlMode });
  new Parser(handler, { xmlMode, decodeEntities: true }).end(text);
  if (!xmlMode) addTableBodies(handler.root);
  return handler.root;
}

export function childElements(parent: Document | Element): Element[] {
  return parent.children.filter(isTag);
}

/** The text inside, truncated to a number of characters. */
export function textOf(parent: Element, maxCharacters: number): string {
  let text = '';
  const add = (nodes: readonly ChildNode[]): void => {
    for (const node of nodes) {
      if (text.length >= maxCharacters) return;
      if (isText(node)) text += node.data;
      else if (hasChildren(node)) add(node.children);
    }
  };
  add(parent.children);
  return text.slice(0, maxCharacters);
}

class LimitedHandler extends DomHandler {
  #depth = 0;
  #nodes = 0;

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (++this.#depth > MAX_ELEMENT_DEPTH) {
      throw new ClientError('invalid-document', `its elements are nested deeper than ${MAX_ELEMENT_DEPTH}`);
    }
    super.onopentag(name, attributes);
  }

  override onclosetag(): void {
    this.#depth--;
    super.onclosetag();
  }

  /** Called for each attribute as it is read, so that an element with a million attributes stops here. */
  onattribute(): void {
    this.#count();
  }

  protected override addNode(node: ChildNode): void {
    this.#count();
    super.addNode(node);
  }

  // Nothing reads comments and processing instructions.
  override oncomment(): void {}
  override onprocessinginstruction(): void {}

  #count(): void {
    if (++this.#nodes > MAX_DOCUMENT_NODES) {
      throw new ClientError(
        'invalid-document',
        `it has more than ${MAX_DOCUMENT_NODES} elements, attributes and texts`,
      );
    }
  }
}

/**
 * Wraps rows that are direct children of a table in a `tbody`, as browsers do: operators copy selectors from a
 * browser's inspector (`table > tbody > tr`).
 */
function addTableBodies(parent: Document | Element): void {
  for (const element of childElements(parent)) {
    if (element.name === 'table') {
      const children: ChildNode[] = [];
      let body: Element | undefined;
      for (const child of element.children) {
        const isRow = isTag(child) && child.name === 'tr';
        if (isTag(child) && !isRow) body = undefined;
        if (isRow && body === undefined) {
          body = new Element('tbody', {});
          children.push(body);
        }
        (body?.children ?? children).push(child);
      }
      for (const child of children) if (isTag(child) && child.name === 'tbody') link(child, child.children);
      link(element, children);
    }
    addTableBodies(element);
  }
}

/** Sets the children of the parent, in this order. */
function link(parent: Element, children: ChildNode[]): void {
  parent.children = children;
  children.forEach((child, i) => {
    child.parent = parent;
    child.prev = children[i - 1] ?? null;
    child.next = children[i + 1] ?? null;
  });
}
