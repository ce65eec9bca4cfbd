import { rangesAround, stackOf } from '../analysis/callDetails.js';
import { moduleName, pythonFrame } from '../trace/index.js';
import {
  FRAME,
  KERNEL,
  MODULE,
  measuredColumns,
  timeKindOf,
  type Frame,
  type LayerLabels,
  type Trace,
} from '../trace/index.js';
import type { SourceHint } from './hint.js';
import { kernelSymbol } from './kernelSymbol.js';
import { isModelFrame } from './modelFrames.js';
import { classOfModule, isTorchClass } from './moduleClass.js';

/** A deep stack adds nothing beyond this many frames and classes. */
const MOST_HINTS = 24;

/**
 * Where the code of a call may be, best first: the innermost function of model code on its stack, then
 * outwards through enclosing functions and module classes as they nest; classes of torch.nn and the
 * kernel's own name last.
 *
 * The line of a frame is the one the recorder states: the PyTorch profiler names the line a function
 * begins at, launch stacks the line that was running. A kernel replayed from a graph was not
 * launched from where its graph was started: it has what was open at its capture, where the trace knows
 * that, else its module and its name only.
 *
 * @param call index in `measuredColumns(trace)`
 * @throws RangeError for a call the trace does not have
 */
export function sourceHints(trace: Trace, labels: LayerLabels, call: number): SourceHint[] {
  const { count } = measuredColumns(trace);
  if (!Number.isInteger(call) || call < 0 || call >= count) {
    throw new RangeError(`call ${call} is outside the ${count} calls of this trace`);
  }
  const hints: SourceHint[] = [];
  const torch: SourceHint[] = [];
  const addClass = (instance: string): void => {
    const name = classOfModule(instance);
    if (name !== '') {
      (isTorchClass(name) ? torch : hints).push(named('class', name));
    }
  };
  const isGpu = timeKindOf(trace) === 'gpu';
  const replayed =
    isGpu && trace.gpu.replayed[call] === 1 && (trace.gpu.captured?.[call] ?? -1) < 0;
  if (isGpu && trace.gpu.stack[call] >= 0) {
    addFrames(stackOf(trace, call), hints);
  } else if (!replayed) {
    let ranges = 0;
    for (const range of rangesAround(trace, call)) {
      const kind = trace.ranges.kind[range];
      const name = trace.names.get(trace.ranges.name[range]);
      if (kind === FRAME) {
        addFrames([pythonFrame(name)], hints);
        ranges++;
      } else if (kind === MODULE) {
        addClass(moduleName(name));
      }
    }
    if (ranges === 0) {
      // No Python was open as ranges: the stack recorded with the launch, which comes before classes.
      const classes = hints.splice(0);
      addFrames(stackOf(trace, call), hints);
      hints.push(...classes);
    }
  }
  for (const instance of trace.names.get(labels.module[call]).split('.').reverse()) {
    addClass(instance);
  }
  hints.push(...torch);
  if (isGpu && trace.gpu.kind[call] === KERNEL) {
    const symbol = kernelSymbol(trace.names.get(trace.gpu.name[call]));
    if (symbol !== '') {
      hints.push(named('kernel', symbol));
    }
  }
  return unique(hints);
}

function named(kind: 'class' | 'kernel', symbol: string): SourceHint {
  return { kind, file: '', line: 0, symbol };
}

function addFrames(frames: readonly Frame[], hints: SourceHint[]): void {
  for (const frame of frames) {
    if (isModelFrame(frame)) {
      hints.push({ kind: 'frame', file: frame.file, line: frame.line, symbol: frame.function });
    }
  }
}

/** Each hint once, at its best place; the last one, the kernel, is kept when many frames precede it. */
function unique(hints: readonly SourceHint[]): SourceHint[] {
  const seen = new Set<string>();
  const kept = hints.filter(({ kind, file, line, symbol }) => {
    const key = JSON.stringify([kind, file, line, symbol]);
    return !seen.has(key) && seen.add(key);
  });
  return kept.length <= MOST_HINTS
    ? kept
    : [...kept.slice(0, MOST_HINTS - 1), kept[kept.length - 1]];
}
