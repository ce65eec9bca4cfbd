import { FRAME, MODULE, OP, moduleName, timeKindOf } from '../trace/index.js';
import type { Frame, Trace } from '../trace/index.js';
import { launchOf, originOf, rangesAround, recordedStack } from './callDetails.js';

/** "moe.py:44 dispatch", or as much of it as is known. */
export function frameWords(frame: Frame): string {
  const place =
    frame.file === '' ? frame.library : frame.line > 0 ? `${frame.file}:${frame.line}` : frame.file;
  return [place, frame.function].filter((part) => part !== '').join(' ');
}

/**
 * What attribution had before it for each call, in a line: the launch, the innermost module, frame and
 * operator around it, the collective the file names.
 *
 * @returns the line of a call, by index in `measuredColumns(trace)`
 */
export function lookedAt(trace: Trace): (call: number) => string {
  const isGpu = timeKindOf(trace) === 'gpu';
  const { gpu, launches, ranges, names, stacks } = trace;
  const around = new Map<number, string>();

  const wordsAround = (call: number): string => {
    const launch = originOf(trace, call);
    const innermost = launch < 0 ? -1 : launches.range[launch];
    let words = around.get(innermost);
    if (words === undefined) {
      const found = new Map<number, string>();
      for (const range of rangesAround(trace, call)) {
        const kind = ranges.kind[range];
        if ((kind === MODULE || kind === FRAME || kind === OP) && !found.has(kind)) {
          found.set(kind, names.get(ranges.name[range]));
        }
      }
      const module = found.get(MODULE);
      words = joined([
        module === undefined ? '' : `module ${moduleName(module)}`,
        said('frame', found.get(FRAME)),
        said('operator', found.get(OP)),
      ]);
      around.set(innermost, words);
    }
    return words;
  };

  return (call) => {
    const launch = launchOf(trace, call);
    const stack = recordedStack(trace, call);
    const leaf = stack < 0 ? undefined : stacks.stacks[stack].at(0);
    const api = launch < 0 ? '' : names.get(launches.name[launch]);
    return joined([
      !isGpu
        ? ''
        : launch < 0
          ? 'no launch'
          : `${gpu.replayed[call] === 1 ? 'graph launch' : 'launch'} ${api}`,
      leaf === undefined ? '' : `stack ${frameWords(stacks.frames[leaf])}`,
      wordsAround(call),
      isGpu && gpu.collective[call] !== 0 ? `collective ${names.get(gpu.collective[call])}` : '',
    ]);
  };
}

function said(what: string, text: string | undefined): string {
  return text === undefined ? '' : `${what} ${text}`;
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('; ');
}
