import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { DANGLING_STACK, NO_STACK, type Frame } from '../../trace/index.js';
import type { StackBuilder } from '../stackBuilder.js';
import { number } from './rows.js';
import type { NsysSchema } from './schema.js';
import type { NsysStrings } from './strings.js';

/** One API call with the number of its stack. */
export interface ChainUse {
  readonly chain: number;
  /** name of the API call, without its version */
  readonly api: string;
}

/** `cudaMalloc` of `cudaMalloc_v3020`: the number is the version that the function came with. */
export function apiName(name: string): string {
  return name.replace(/_v\d+$/, '');
}

/** The stacks of `CUDA_CALLCHAINS` or `OSRT_CALLCHAINS`, innermost frame first. */
export class CallChains {
  private readonly stackOf = new Map<number, number>();
  private readonly symbolsOf = new Map<number, Set<string>>();
  private offset = 0;

  /** @throws SqlError */
  constructor(
    engine: SqlEngine,
    schema: NsysSchema,
    table: 'CUDA_CALLCHAINS' | 'OSRT_CALLCHAINS',
    strings: NsysStrings,
    private readonly stacks: StackBuilder,
  ) {
    if (!schema.has(table, 'id', 'symbol', 'stackDepth')) {
      return;
    }
    let chain = NaN;
    let frames: Frame[] = [];
    const keep = (): void => {
      if (frames.length > 0) {
        this.stackOf.set(chain, this.stacks.add(frames));
        this.symbolsOf.set(chain, new Set(frames.map((frame) => apiName(frame.function))));
      }
    };
    const library = schema.column(table, 'module');
    const known = new Map<string, Frame>();
    const frameOf = (symbol: SqlValue, module: SqlValue): Frame => {
      const key = `${String(symbol)} ${String(module)}`;
      let frame = known.get(key);
      if (frame === undefined) {
        const [name, file] = [strings.get(number(symbol)), strings.get(number(module))];
        frame = { file: '', line: 0, function: name, library: file };
        known.set(key, frame);
      }
      return frame;
    };
    engine.each(
      `SELECT id, symbol, ${library} FROM ${table} ORDER BY id, stackDepth`,
      ([id, symbol, module]) => {
        if (number(id) !== chain) {
          keep();
          chain = number(id);
          frames = [];
        }
        frames.push(frameOf(symbol, module));
      },
    );
    keep();
  }

  get count(): number {
    return this.stackOf.size;
  }

  /**
   * Decides what a call's number means. In exports up to schema 3.7 CUDA calls count their stacks from 0
   * and the table counts them from 1; joined directly, each call gets its neighbour's stack. A stack
   * of an API call holds the API's own function: the reading under which more do is the right one.
   */
  settle(uses: readonly ChainUse[]): void {
    const matches = (offset: number): number =>
      uses.filter(({ chain, api }) => this.symbolsOf.get(chain + offset)?.has(api) === true).length;
    this.offset = matches(1) > matches(0) ? 1 : 0;
  }

  /** The stack of a call's number; NO_STACK where the file holds no stacks at all. */
  find(chain: number): number {
    if (Number.isNaN(chain) || this.stackOf.size === 0) {
      return NO_STACK;
    }
    return this.stackOf.get(chain + this.offset) ?? DANGLING_STACK;
  }
}
