import type { Frame } from '../../trace/index.js';
import { isJsonObject } from '../jsonObject.js';
import type { NsysStrings } from './strings.js';

/** What NCCL says of one of its calls, in the payload of its NVTX range. */
export interface NcclCall {
  /** bytes of the message as NCCL counts them, NaN where it states none */
  readonly bytes: number;
  /** id of the communicator, decimal: it passes 2^53. '' where it states none */
  readonly communicator: string;
  /** ranks of the communicator and the own one, where the call makes one; else NaN */
  readonly ranks: number;
  readonly rank: number;
}

/**
 * The payload as exports have it with `--include-json=true` (2025.3: `{"NCCL communicator ID":
 * 17831280721445445712,"Message size [bytes]":524288}`).
 */
export function ncclCall(json: string): NcclCall | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`"${name}":\\s*"?(\\d{1,20})\\b`).exec(json)?.[1];
  const communicator = field('NCCL communicator ID');
  const bytes = field('Message size \\[bytes\\]');
  return communicator === undefined && bytes === undefined
    ? undefined
    : {
        bytes: bytes === undefined ? NaN : Number(bytes),
        communicator: communicator ?? '',
        ranks: Number(field('No\\. of ranks') ?? NaN),
        rank: Number(field('Rank') ?? NaN),
      };
}

/** How many frames a payload may have; a damaged one may have any number. */
const MOST_FRAMES = 1000;

/**
 * The Python frames of a payload, innermost first: `{"Python Backtrace on CUDA":{"Frames":[{"Function":29,
 * "File":30,"Line":57}]}}`, where functions and files are numbers of strings. None where it holds none.
 */
export function pythonFrames(json: string, strings: NsysStrings): Frame[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return []; // cut or damaged: the call keeps its native stack, and the mark is counted
  }
  const [payload] = isJsonObject(parsed) ? Object.values(parsed) : [];
  const frames = isJsonObject(payload) ? payload['Frames'] : undefined;
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : typeof value === 'number' ? strings.get(value) : '';
  return (Array.isArray(frames) ? frames : [])
    .slice(0, MOST_FRAMES)
    .filter(isJsonObject)
    .map((frame) => {
      const line = Number(frame['Line']);
      return {
        file: unescaped(text(frame['File'])),
        line: Number.isSafeInteger(line) && line > 0 ? line : 0,
        function: unescaped(text(frame['Function'])),
        library: '',
      };
    })
    .filter(({ file, function: name }) => file !== '' || name !== '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** `<module>` is written `&lt;module&gt;`. */
function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]);
}
