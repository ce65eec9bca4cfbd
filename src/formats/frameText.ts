import type { Frame } from '../trace/index.js';

/** A stack that is written in no way known here. */
export class UnreadableStack extends Error {
  override readonly name = 'UnreadableStack';
}

/**
 * Parses a stack as recorders store it in a text column, leaf first:
 * - a JSON array of objects: Ingero's `{s,f}` (symbol, library), `{i,f}` (address, library) and
 *   `{pf,pfn,pl}` (Python file, function, line), or `{file, line, function}` under usual names;
 * - a JSON array of texts: `file.py:123 func`, `file.py(123): func`, `func (file.py:123)`;
 * - such texts separated by line ends or semicolons, as PyTorch's `Call stack` is.
 *
 * @returns no frames for '', '[]' and 'null'
 * @throws UnreadableStack
 */
export function parseStack(text: string): Frame[] {
  const trimmed = text.trim();
  if (trimmed === '') {
    return [];
  }
  if (!/^[[{"]|^null$/.test(trimmed)) {
    return trimmed
      .split(/[\n;]/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(frameOfText);
  }
  let json: unknown;
  try {
    json = JSON.parse(trimmed);
  } catch (error) {
    throw new UnreadableStack(error instanceof Error ? error.message : String(error));
  }
  if (json === null) {
    return [];
  }
  const frames = (Array.isArray(json) ? json : [json]).map(frameOfJson);
  return innermostFirst(frames);
}

function frameOfJson(value: unknown): Frame {
  if (typeof value === 'string') {
    return frameOfText(value);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnreadableStack('a frame is neither an object nor a text');
  }
  const fields = new Map(Object.entries(value));
  const text = (...names: string[]): string => {
    for (const name of names) {
      const found = fields.get(name);
      if (typeof found === 'string') {
        return found;
      }
    }
    return '';
  };
  const line = ['pl', 'line', 'lineno', 'line_number']
    .map((name) => Number(fields.get(name)))
    .find((number) => Number.isSafeInteger(number) && number > 0);
  if (fields.has('s') || fields.has('i')) {
    // Ingero's native frames: `f` is the library. The offset into the symbol helps nobody find code.
    const symbol = text('s').replace(/\+0x[0-9a-f]+$/i, '');
    return { file: '', line: 0, function: symbol || text('i'), library: text('f') };
  }
  return {
    file: text('pf', 'file', 'filename', 'path'),
    line: line ?? 0,
    function: text('pfn', 'function', 'func', 'name', 'symbol'),
    library: text('library', 'module', 'lib'),
  };
}

function frameOfText(text: string): Frame {
  const python = /^(.+?)\((\d+)\):\s*(.*)$/.exec(text);
  if (python !== null) {
    return frame(python[1], python[2], python[3]);
  }
  const traceback = /^File "(.+)", line (\d+), in (.*)$/.exec(text);
  if (traceback !== null) {
    return frame(traceback[1], traceback[2], traceback[3]);
  }
  const inside = /^(.+?)\s+\((.+):(\d+)\)$/.exec(text);
  if (inside !== null) {
    return frame(inside[2], inside[3], inside[1]);
  }
  const colon = /^(.+?):(\d+)(?::\d+)?(?:[\s:]+(.*))?$/.exec(text);
  if (colon !== null) {
    return frame(colon[1], colon[2], colon[3] ?? '');
  }
  return { file: '', line: 0, function: text, library: '' };
}

function frame(file: string, line: string, name: string): Frame {
  const number = Number(line);
  return {
    file: file.trim(),
    line: Number.isSafeInteger(number) ? number : 0,
    function: name.trim(),
    library: '',
  };
}

/**
 * Ingero writes the Python frames of a call before its native ones, each group leaf first (seen in
 * all 780 stacks of pytorch-173382-empty-cache.db). The native code ran inside the Python code, so
 * its frames are the inner ones. Stacks of one group, and stacks that mix them, stay as they are.
 */
function innermostFirst(frames: Frame[]): Frame[] {
  const isNative = (f: Frame): boolean => f.file === '' && f.library !== '';
  const firstNative = frames.findIndex(isNative);
  const grouped =
    firstNative > 0 &&
    frames.slice(0, firstNative).every((f) => f.file !== '') &&
    frames.slice(firstNative).every(isNative);
  return grouped ? [...frames.slice(firstNative), ...frames.slice(0, firstNative)] : frames;
}
