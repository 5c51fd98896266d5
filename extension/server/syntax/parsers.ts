/** Parses texts with tree-sitter's grammars. Runs in a thread of its own, see `syntax.ts`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import treeSitter, { type Language, type Parser, type Tree } from '@vscode/tree-sitter-wasm';
import { commentSpans, declarations, growToNodes, syntaxFaults, unitAround } from './nodes.ts';
import type { Declaration, Span, SyntaxFault } from './nodes.ts';
import { namedItems, outlineOf, type OutlineItem } from './outline.ts';

/** A parse that takes longer is given up: what it would say is not worth the wait. */
const longestParseMs = 2000;
const mostFaults = 20;
const mostItems = 10_000;

export interface SyntaxQuestion {
  readonly grammar: string;
  readonly text: string;
  /** Asks for the whole nodes around a selection, or for the unit around a cursor when it is empty. */
  readonly span?: Span;
  /** Asks where the comments are, and what is declared. */
  readonly outline?: true;
  /** Asks only what is declared by name: without a look at every node this takes much less time. */
  readonly items?: true;
}

export interface SyntaxAnswer {
  /** Undefined when the text is too broken to tell. */
  readonly span?: Span | undefined;
  readonly faults: readonly SyntaxFault[];
  readonly outline?: Outline;
  readonly items?: readonly OutlineItem[];
}

export interface Outline {
  readonly comments: readonly Span[];
  /** At any depth. */
  readonly declarations: readonly Declaration[];
  /** What stands in the text, the outermost first. */
  readonly items: readonly OutlineItem[];
  readonly faults: readonly SyntaxFault[];
}

export class Parsers {
  readonly #folder: string;
  readonly #languages = new Map<string, Promise<Language>>();
  #parser: Promise<Parser> | undefined;

  /** `folder` holds tree-sitter.wasm and tree-sitter-*.wasm. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined when the text cannot be parsed in time. */
  async answer({ grammar, text, span, outline, items }: SyntaxQuestion): Promise<SyntaxAnswer | undefined> {
    const tree = await this.#parse(grammar, text);
    if (tree === null) return undefined;
    try {
      const root = tree.rootNode;
      if (items === true) return { faults: [], items: namedItems(outlineOf(root), mostItems) };
      const faults = syntaxFaults(root, mostFaults);
      if (outline === true) {
        return {
          faults,
          outline: { faults, comments: commentSpans(root), declarations: declarations(root), items: outlineOf(root) },
        };
      }
      if (span === undefined) return { faults };
      const found = span.start === span.end ? unitAround(root, span.start) : growToNodes(root, text, span);
      return { faults, span: found };
    } finally {
      tree.delete();
    }
  }

  async #parse(grammar: string, text: string): Promise<Tree | null> {
    this.#parser ??= this.#start();
    const parser = await this.#parser;
    let language = this.#languages.get(grammar);
    if (language === undefined) {
      language = this.#load(grammar);
      this.#languages.set(grammar, language);
    }
    parser.setLanguage(await language);
    const end = performance.now() + longestParseMs;
    try {
      return parser.parse(text, null, { progressCallback: () => performance.now() > end });
    } finally {
      // A parse that was given up would be gone on with.
      parser.reset();
    }
  }

  async #start(): Promise<Parser> {
    await treeSitter.Parser.init({ locateFile: (name: string) => join(this.#folder, name) });
    return new treeSitter.Parser();
  }

  async #load(grammar: string): Promise<Language> {
    return treeSitter.Language.load(await readFile(join(this.#folder, `tree-sitter-${grammar}.wasm`)));
  }
}
