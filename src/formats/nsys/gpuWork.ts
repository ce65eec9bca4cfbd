import type { SqlValue } from '../../sqlite/engine.js';
import {
  GPU_KINDS,
  GpuBuilder,
  GrowingColumn,
  KERNEL,
  MEMCPY,
  MEMSET,
  type KernelShape,
  type NameTable,
} from '../../trace/index.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey } from './schema.js';
import type { NsysStrings } from './strings.js';

const GRAPH = GPU_KINDS.indexOf('graph');

const KERNEL_TABLE = 'CUPTI_ACTIVITY_KIND_KERNEL';
const MEMCPY_TABLE = 'CUPTI_ACTIVITY_KIND_MEMCPY';
const MEMSET_TABLE = 'CUPTI_ACTIVITY_KIND_MEMSET';
const GRAPH_TABLE = 'CUPTI_ACTIVITY_KIND_GRAPH_TRACE';

/** Values of `copyKind` (ENUM_CUDA_MEMCPY_OPER; exports before 3.0 have no such table). */
const COPY_KINDS: Readonly<Record<number, string>> = {
  1: 'HtoD',
  2: 'DtoH',
  3: 'HtoA',
  4: 'AtoH',
  5: 'AtoA',
  6: 'AtoD',
  7: 'DtoA',
  8: 'DtoD',
  9: 'HtoH',
  10: 'PtoP',
  11: 'Unified HtoD',
  12: 'Unified DtoH',
  13: 'Unified DtoD',
};

/** Columns every GPU table has, in the order of `place`. */
const PLACE = 7;

/** The GPU work of an export: kernels, copies, memsets, and graphs that were recorded as one event. */
export class NsysGpuWork {
  readonly builder = new GpuBuilder();
  readonly kernelShapes: KernelShape[] = [];
  /** process of each row, as `processKey` makes it */
  readonly process: number[] = [];
  /** nodes of graphs, each with its process; few run again and again */
  readonly nodes: { readonly process: number; readonly node: SqlValue }[] = [];
  /** by row: index in `nodes`, -1 for what was not replayed */
  readonly nodeOf = new GrowingColumn(Int32Array);
  private readonly nodeIds = new Map<SqlValue, Map<number, number>>();
  graphs = 0;
  graphNs = 0;
  private readonly shapeIds = new Map<string, number>();
  private readonly nameIds = new Map<string, number>();

  constructor(
    private readonly names: NameTable,
    private readonly places: NsysPlaces,
    private readonly strings: NsysStrings,
  ) {}

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(rows: NsysRows): Promise<void> {
    await this.kernels(rows);
    await this.memory(rows, MEMCPY_TABLE, MEMCPY, 'copyKind', (kind) => {
      return `Memcpy ${COPY_KINDS[kind] ?? (Number.isNaN(kind) ? '' : `kind ${kind}`)}`.trim();
    });
    await this.memory(rows, MEMSET_TABLE, MEMSET, '', () => 'Memset');
    await this.graphTraces(rows);
  }

  private async kernels(rows: NsysRows): Promise<void> {
    const column = (name: string) => rows.schema.column(KERNEL_TABLE, name);
    const NAMES = PLACE;
    const GEOMETRY = NAMES + 3;
    await rows.each(
      KERNEL_TABLE,
      [
        ...placeOf(rows, KERNEL_TABLE),
        ...['demangledName', 'shortName', 'mangledName'].map(column),
        ...['gridX', 'gridY', 'gridZ', 'blockX', 'blockY', 'blockZ'].map(column),
        `coalesce(${column('graphNodeId')}, 0) <> 0 OR coalesce(${column('graphId')}, 0) <> 0`,
        column('graphNodeId'),
      ],
      'Reading kernels',
      (row) => {
        const values = row.map(number);
        this.push(rows, KERNEL, values, {
          name: this.name(
            `kernel ${values.slice(NAMES, GEOMETRY).join()}`,
            () =>
              values
                .slice(NAMES, GEOMETRY)
                .map((id) => this.strings.get(id))
                .find((text) => text !== '') ?? 'unnamed kernel',
          ),
          shape: this.shape(values.slice(GEOMETRY, GEOMETRY + 6)),
          replayed: values[GEOMETRY + 6] === 1,
          node: row[GEOMETRY + 7],
        });
      },
    );
  }

  private async memory(
    rows: NsysRows,
    table: string,
    kind: number,
    variant: string,
    nameOf: (variant: number) => string,
  ): Promise<void> {
    const column = (name: string) => rows.schema.column(table, name);
    await rows.each(
      table,
      [
        ...placeOf(rows, table),
        column('bytes'),
        variant === '' ? 'NULL' : column(variant),
        `coalesce(${column('graphNodeId')}, 0) <> 0`,
        column('graphNodeId'),
      ],
      kind === MEMCPY ? 'Reading copies' : 'Reading memsets',
      (row) => {
        const values = row.map(number);
        const [bytes, which, replayed] = values.slice(PLACE);
        this.push(rows, kind, values, {
          name: this.name(`${kind} ${which}`, () => nameOf(which)),
          bytes,
          replayed: replayed === 1,
          node: row[PLACE + 3],
        });
      },
    );
  }

  /**
   * A graph recorded as a whole is one row a replay and device. Its times are 0 where CUPTI has none,
   * and may be swapped (CUpti_ActivityGraphTrace2).
   */
  private async graphTraces(rows: NsysRows): Promise<void> {
    const column = (name: string) => rows.schema.column(GRAPH_TABLE, name);
    await rows.each(
      GRAPH_TABLE,
      [...placeOf(rows, GRAPH_TABLE), column('graphId'), '"start" = 0'],
      'Reading graph replays',
      (row) => {
        const values = row.map(number);
        const [graph, untimed] = values.slice(PLACE);
        if (untimed === 1) {
          rows.skips.add('graph replays without times');
          return;
        }
        const before = this.builder.count;
        this.push(rows, GRAPH, values, {
          name: this.name(`graph ${graph}`, () =>
            Number.isNaN(graph) ? 'CUDA graph' : `CUDA graph ${graph}`,
          ),
          replayed: true,
        });
        if (this.builder.count > before) {
          this.graphs++;
          this.graphNs += values[1];
        }
      },
    );
  }

  private push(
    rows: NsysRows,
    kind: number,
    [start, duration, process, device, context, stream, correlation]: readonly number[],
    more: { name: number; bytes?: number; shape?: number; replayed: boolean; node?: SqlValue },
  ): void {
    if (!rows.accepts(start, duration)) {
      return;
    }
    const lane = this.places.stream(process, device, context, stream);
    const row = this.builder.count;
    const { name, bytes = NaN, shape = -1 } = more;
    this.builder.push({ start, duration, name, lane, kind, correlation, bytes, shape });
    this.builder.replayed.set(row, more.replayed ? 1 : 0);
    this.process.push(process);
    this.nodeOf.push(more.replayed ? this.nodeId(process, more.node ?? null) : -1);
  }

  private nodeId(process: number, node: SqlValue): number {
    if (node === null) {
      return -1;
    }
    let ofNode = this.nodeIds.get(node);
    if (ofNode === undefined) {
      ofNode = new Map();
      this.nodeIds.set(node, ofNode);
    }
    let id = ofNode.get(process);
    if (id === undefined) {
      id = this.nodes.push({ process, node }) - 1;
      ofNode.set(process, id);
    }
    return id;
  }

  private name(key: string, make: () => string): number {
    let id = this.nameIds.get(key);
    if (id === undefined) {
      id = this.names.intern(make());
      this.nameIds.set(key, id);
    }
    return id;
  }

  private shape(sizes: readonly number[]): number {
    if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      return -1;
    }
    const key = sizes.join();
    let id = this.shapeIds.get(key);
    if (id === undefined) {
      const [gx, gy, gz, bx, by, bz] = sizes;
      id = this.kernelShapes.push({ grid: [gx, gy, gz], block: [bx, by, bz] }) - 1;
      this.shapeIds.set(key, id);
    }
    return id;
  }
}

/** Start, duration, process, device, context, stream, correlation. */
function placeOf(rows: NsysRows, table: string): string[] {
  const column = (name: string) => rows.schema.column(table, name);
  return [
    ...rows.times(table),
    processKey(column('globalPid')),
    column('deviceId'),
    column('contextId'),
    column('streamId'),
    column('correlationId'),
  ];
}
