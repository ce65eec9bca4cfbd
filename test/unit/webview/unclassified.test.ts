import { describe, expect, it } from 'vitest';
import type { UnclassifiedKernel } from '../../../src/analysis/results.js';
import {
  reasonText,
  streamText,
  unclassifiedCsv,
} from '../../../webview/unclassified/unclassifiedText.js';

function kernel(own: Partial<UnclassifiedKernel>): UnclassifiedKernel {
  return {
    name: 'gemm',
    calls: 3,
    total_ns: 4000,
    share: 0.25,
    classified_calls: 0,
    streams: ['cuda:0 stream 7'],
    reasons: [{ reason: 'no launch', calls: 3, total_ns: 4000 }],
    longest: { call: 1, start_ns: 0, duration_ns: 2000 },
    ...own,
  };
}

describe('the table of what is unclassified', () => {
  it('says one reason plainly, and of several how much time each has', () => {
    expect(reasonText(kernel({}))).toBe('no launch');
    expect(
      reasonText(
        kernel({
          reasons: [
            { reason: 'a\u202eb', calls: 2, total_ns: 3000 },
            { reason: 'no launch', calls: 1, total_ns: 1000 },
          ],
        }),
      ),
    ).toBe('a\\u202eb (75 %); no launch (25 %)');
  });

  it('names two streams and counts more', () => {
    expect(streamText(kernel({}))).toBe('cuda:0 stream 7');
    expect(streamText(kernel({ streams: ['a', 'b\x1b', 'c'] }))).toBe('3 streams');
    expect(streamText(kernel({ streams: ['a', 'b\x1b'] }))).toBe('a, b\\x1b');
  });

  it('is copied with unrounded figures', () => {
    expect(unclassifiedCsv([kernel({ name: 'a,"b"' })])).toBe(
      'name,calls,total_ns,share,classified_calls,streams,reasons\r\n' +
        '"a,""b""",3,4000,0.25,0,cuda:0 stream 7,no launch\r\n',
    );
  });
});
