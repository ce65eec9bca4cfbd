import { Language, Parser, type Node } from 'web-tree-sitter';
import type { SourceHint } from './hint.js';

/** A class or function that a file defines. Lines count from 1. */
export interface SourceSymbol {
  readonly kind: 'class' | 'function';
  readonly name: string;
  /** line of `class` or `def`, below its decorators */
  readonly line: number;
  /** last line of its body */
  readonly endLine: number;
  /** decorators as written, without '@': "triton.jit" */
  readonly decorators: readonly string[];
}

/** Reads the definitions of one programming language out of a file's text. */
export interface SymbolParser {
  /** Definitions in the order of their lines, nested ones included. Broken code gives what can be read. */
  symbols(text: string): readonly SourceSymbol[];
}

/** WebAssembly of tree-sitter and of its grammar for Python, found by the caller. */
export interface PythonParserBytes {
  /** `web-tree-sitter.wasm` of the package `web-tree-sitter` */
  readonly runtime: Uint8Array;
  /** `tree-sitter-python.wasm` of the package `@vscode/tree-sitter-wasm` */
  readonly grammar: Uint8Array;
}

let started: Promise<void> | undefined;

/** A parser for Python, Triton kernels included: they are Python functions. */
export async function loadPythonParser(bytes: PythonParserBytes): Promise<SymbolParser> {
  started ??= Parser.init({
    wasmBinary: bytes.runtime.slice().buffer,
    // Bundled, the library cannot tell where it lies; it has the bytes and needs no file.
    locateFile: (name: string) => name,
  });
  await started;
  const parser = new Parser();
  parser.setLanguage(await Language.load(bytes.grammar));
  return {
    symbols(text) {
      const tree = parser.parse(text);
      if (tree === null) {
        throw new Error('the Python parser has no grammar');
      }
      try {
        return definitions(tree.rootNode);
      } finally {
        tree.delete();
      }
    },
  };
}

function definitions(root: Node): SourceSymbol[] {
  const found: SourceSymbol[] = [];
  for (const node of root.descendantsOfType(['class_definition', 'function_definition'])) {
    const name = node?.childForFieldName('name');
    if (node === null || name === null || name === undefined) {
      continue; // broken code: a definition without a name can be nobody's target
    }
    found.push({
      kind: node.type === 'class_definition' ? 'class' : 'function',
      name: name.text,
      line: node.startPosition.row + 1,
      endLine: node.endPosition.row + 1,
      decorators: decoratorsOf(node),
    });
  }
  return found;
}

function decoratorsOf(definition: Node): string[] {
  const parent = definition.parent;
  if (parent?.type !== 'decorated_definition') {
    return [];
  }
  return parent.namedChildren
    .filter((child) => child?.type === 'decorator')
    .map((child) => child?.text.slice(1).trim() ?? '');
}

/**
 * Lines on which the symbols of a file define what a hint names: a class for a class; for a kernel a
 * function compiled by Triton (`@triton.jit`, `@triton.autotune`), or any function where none is;
 * for a frame its function.
 */
export function definitionLines(symbols: readonly SourceSymbol[], hint: SourceHint): number[] {
  const kind = hint.kind === 'class' ? 'class' : 'function';
  const named = symbols.filter((s) => s.kind === kind && s.name === hint.symbol);
  const kernels = named.filter((s) => s.decorators.some((d) => /^(triton|tl|gluon)\b/.test(d)));
  return (hint.kind === 'kernel' && kernels.length > 0 ? kernels : named).map((s) => s.line);
}

/** The innermost class whose body holds a line; undefined outside of classes. */
export function classAt(symbols: readonly SourceSymbol[], line: number): SourceSymbol | undefined {
  let innermost: SourceSymbol | undefined;
  for (const symbol of symbols) {
    if (symbol.kind === 'class' && symbol.line <= line && line <= symbol.endLine) {
      innermost = symbol; // in the order of lines the inner one comes later
    }
  }
  return innermost;
}
