import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  classAt,
  definitionLines,
  loadPythonParser,
  type SymbolParser,
} from '../../../src/source/symbols.js';

const require = createRequire(import.meta.url);
let parser: SymbolParser;

beforeAll(async () => {
  parser = await loadPythonParser({
    runtime: await readFile(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    grammar: await readFile(
      require.resolve('@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm'),
    ),
  });
});

const MODEL = `"""class InAString: pass"""
import torch

# class InAComment:
@triton.autotune(configs=[])
@triton.jit
def _chunk_scan(x_ptr):
    pass


class MambaMixer(nn.Module):
    def forward(self, x):
        class Local:
            pass
        return x

    def _chunk_scan(self):
        return 1


if FAST:
    class MoE(nn.Module):
        @torch.no_grad()
        async def forward(self): ...
`;

describe('symbols of a Python file', () => {
  it('finds classes and functions wherever they are, and none in strings or comments', () => {
    expect(parser.symbols(MODEL).map((s) => `${s.line} ${s.kind} ${s.name}`)).toEqual([
      '7 function _chunk_scan',
      '11 class MambaMixer',
      '12 function forward',
      '13 class Local',
      '17 function _chunk_scan',
      '22 class MoE',
      '24 function forward',
    ]);
  });

  it('reads decorators', () => {
    expect(parser.symbols(MODEL)[0].decorators).toEqual([
      'triton.autotune(configs=[])',
      'triton.jit',
    ]);
  });

  it('leads a hint to its definitions', () => {
    const symbols = parser.symbols(MODEL);
    const hint = { file: '', line: 0 };
    expect(definitionLines(symbols, { ...hint, kind: 'class', symbol: 'MoE' })).toEqual([22]);
    expect(definitionLines(symbols, { ...hint, kind: 'class', symbol: 'forward' })).toEqual([]);
    expect(definitionLines(symbols, { ...hint, kind: 'frame', symbol: 'forward' })).toEqual([
      12, 24,
    ]);
    // The kernel, not the method of that name.
    expect(definitionLines(symbols, { ...hint, kind: 'kernel', symbol: '_chunk_scan' })).toEqual([
      7,
    ]);
  });

  it('knows which class a line is in', () => {
    const symbols = parser.symbols(MODEL);
    expect(classAt(symbols, 14)?.name).toBe('Local');
    expect(classAt(symbols, 15)?.name).toBe('MambaMixer');
    expect(classAt(symbols, 7)).toBeUndefined();
  });

  it('reads what it can of broken code', () => {
    expect(parser.symbols('class A(\n\nclass B:\n  def f(self:\n').map((s) => s.name)).toContain(
      'B',
    );
    expect(parser.symbols('')).toEqual([]);
    expect(() => parser.symbols('\u0000\u202e)(class ')).not.toThrow();
  });
});
