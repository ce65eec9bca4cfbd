import type { NsysApiCalls } from './apiCalls.js';
import { pythonFrames } from './payloads.js';
import type { NsysRows } from './rows.js';
import type { NsysStrings } from './strings.js';

/** NVTX domains in which the profiler itself marks Python stacks: of API calls, and sampled. */
const OF_CALLS = /^Python Backtrace/;
const SAMPLED = /^Python Periodic Sampling/;

/** A mark without a text, in the order of the file. */
export interface SilentMark {
  /** ns from the base */
  readonly start: number;
  readonly lane: number;
  /** of its domain, '' where the file names none */
  readonly domain: string;
  /** its payload; '' where the export has none */
  readonly json: string;
}

/** The Python stacks of API calls, which lie among the NVTX events: `--python-backtrace=cuda`. */
export class PythonStacks {
  private readonly marks: SilentMark[] = [];

  constructor(
    private readonly strings: NsysStrings,
    private readonly rows: NsysRows,
  ) {}

  /** Takes a mark that is the profiler's own; false where it is the program's. */
  take(mark: SilentMark): boolean {
    // The row that names the domain is the first to go where a file was cut; the payload's name is the same.
    const domain = mark.domain || (/^\{"([^"]*)"/.exec(mark.json)?.[1] ?? '');
    if (SAMPLED.test(domain)) {
      this.rows.unread.add('samples of Python stacks (NVTX marks)');
      return true;
    }
    if (OF_CALLS.test(domain)) {
      this.marks.push(mark);
      return true;
    }
    return false;
  }

  /** Gives each stack to the API call that it was taken of. A mark begins when its call's own stack does. */
  giveTo(calls: NsysApiCalls): void {
    for (const { start, lane, json } of this.marks) {
      if (json === '') {
        this.rows.unread.add(
          'Python stacks whose frames the export leaves out (nsys export --include-json=true keeps them)',
        );
        continue;
      }
      const frames = pythonFrames(json, this.strings);
      const given = frames.length > 0 && calls.addPythonFrames(lane, start, frames);
      this.rows.unread.add(
        given
          ? 'Python stacks of API calls (NVTX marks), which the calls have'
          : 'Python stacks of API calls that are not in the file, or without frames',
      );
    }
  }
}
