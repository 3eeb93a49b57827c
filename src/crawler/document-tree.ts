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

/**
 * Calls `visit` with each element of these names, in lower case, as soon as it is complete, and forgets it afterwards: a
 * document may have far more elements than a tree. An element inside another one of these names is part of that one.
 * @returns the name of the root element in lower case
 * @throws ClientError `invalid-document` if it is nested too deeply, or what is outside or inside one element has too many parts
 */
export function eachElement(
  text: string,
  names: ReadonlySet<string>,
  visit: (element: Element) => void,
): string | undefined {
  const handler = new VisitingHandler(names, visit);
  new Parser(handler, { xmlMode: true, decodeEntities: true }).end(text);
  return handler.rootName;
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
  protected depth = 0;
  protected nodes = 0;

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (++this.depth > MAX_ELEMENT_DEPTH) {
      throw new ClientError('invalid-document', `its elements are nested deeper than ${MAX_ELEMENT_DEPTH}`);
    }
    super.onopentag(name, attributes);
  }

  override onclosetag(): void {
    this.depth--;
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
    if (++this.nodes > MAX_DOCUMENT_NODES) {
      throw new ClientError(
        'invalid-document',
        `it has more than ${MAX_DOCUMENT_NODES} elements, attributes and texts`,
      );
    }
  }
}

class VisitingHandler extends LimitedHandler {
  rootName: string | undefined;
  readonly #names: ReadonlySet<string>;
  /** The element that is visited when it closes: its depth, and how many nodes came before it. */
  #open: { readonly depth: number; readonly nodesBefore: number } | undefined;

  constructor(names: ReadonlySet<string>, visit: (element: Element) => void) {
    super(undefined, { xmlMode: true }, (element) => {
      // Called after `onclosetag` has counted the depth down.
      if (this.#open === undefined || this.depth + 1 !== this.#open.depth) return;
      this.nodes = this.#open.nodesBefore;
      this.#open = undefined;
      visit(element);
      if (element.parent !== null) element.parent.children = [];
    });
    this.#names = names;
  }

  override onopentag(name: string, attributes: Record<string, string>): void {
    const lowerCase = name.toLowerCase();
    this.rootName ??= lowerCase;
    if (this.#open === undefined && this.#names.has(lowerCase)) {
      this.#open = { depth: this.depth + 1, nodesBefore: this.nodes };
    }
    super.onopentag(name, attributes);
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
