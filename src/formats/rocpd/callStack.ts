import type { Frame } from '../../trace/index.js';
import { parseStack } from '../frameText.js';

/**
 * The stack of an event, leaf first. `call_stack` is one frame as an object (ROCm Systems Profiler:
 * `name`, `pc`, `file`), a list of such, or an object of frames by their depth; `line_info` may hold
 * the line of the innermost one.
 *
 * @returns no frames for '{}', which rocprofv3 writes
 * @throws UnreadableStack for what is no JSON
 */
export function eventStack(callStack: string, lineInfo: string): Frame[] {
  const stack = framesOf(callStack);
  const [line] = framesOf(inlinedOf(lineInfo));
  if (stack.length === 0) {
    return line === undefined || line.file === '' ? [] : [line];
  }
  const [leaf, ...callers] = stack;
  return leaf.line === 0 && line !== undefined && line.line > 0 && line.file !== ''
    ? [{ ...leaf, file: line.file, line: line.line }, ...callers]
    : stack;
}

function framesOf(text: string): Frame[] {
  const flat = byDepth(text);
  return parseStack(flat)
    .map(withLine)
    .filter((frame) => frame.function !== '' || frame.file !== '');
}

/** ROCm Systems Profiler writes the line inside `inlined`, as `location` "file:line". */
function inlinedOf(text: string): string {
  if (!text.includes('"inlined"')) {
    return text;
  }
  try {
    const { inlined } = JSON.parse(text) as { inlined?: { name?: unknown; location?: unknown } };
    return JSON.stringify([{ name: inlined?.name, file: inlined?.location }]);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return text; // parseStack says what is wrong with it
    }
    throw error;
  }
}

/** `{"0": frame, "1": frame}` as a list; any other text as it is. */
function byDepth(text: string): string {
  if (!/^\s*\{\s*("\d+"|\})/.test(text)) {
    return text;
  }
  try {
    const json = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(
      Object.keys(json)
        .sort((a, b) => Number(a) - Number(b))
        .map((depth) => json[depth]),
    );
  } catch (error) {
    if (error instanceof SyntaxError) {
      return text; // parseStack says what is wrong with it
    }
    throw error;
  }
}

/** A location "file.cpp:12" in place of a file. */
function withLine(frame: Frame): Frame {
  const match = frame.line === 0 ? /^(.+):(\d{1,7})$/.exec(frame.file) : null;
  return match === null ? frame : { ...frame, file: match[1], line: Number(match[2]) };
}
