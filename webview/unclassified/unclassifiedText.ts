import { formatCount, formatShare } from '../../src/analysis/format.js';
import type { UnclassifiedKernel } from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { csvText } from '../layers/tableText.js';

/** "cuda:0 stream 7", or how many there are. */
export function streamText({ streams }: UnclassifiedKernel): string {
  return streams.length <= 2
    ? streams.map(visibleText).join(', ')
    : `${formatCount(streams.length)} streams`;
}

/** The reasons, the most time first; with their shares where there are several. */
export function reasonText({ reasons, total_ns }: UnclassifiedKernel): string {
  return reasons.length === 1
    ? visibleText(reasons[0].reason)
    : reasons
        .map(
          (part) =>
            `${visibleText(part.reason)} (${formatShare(total_ns === 0 ? null : part.total_ns / total_ns)})`,
        )
        .join('; ');
}

/** The table with unrounded figures in ns, for other programs. */
export function unclassifiedCsv(kernels: readonly UnclassifiedKernel[]): string {
  return csvText(
    ['name', 'calls', 'total_ns', 'share', 'classified_calls', 'streams', 'reasons'],
    kernels.map((kernel) => [
      kernel.name,
      kernel.calls,
      kernel.total_ns,
      kernel.share,
      kernel.classified_calls,
      kernel.streams.join('; '),
      kernel.reasons.map(({ reason }) => reason).join('; '),
    ]),
  );
}
