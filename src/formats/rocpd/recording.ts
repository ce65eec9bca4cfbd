import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { quoteName, quoteText } from '../../sqlite/sqlText.js';
import { numberValue, textValue, type Tolerant } from '../sqlValues.js';
import { EventDetails } from './eventDetails.js';
import type { SuffixTables } from './tables.js';

export interface Agent {
  readonly gpu: boolean;
  /** number among the GPUs; -1 for others */
  readonly device: number;
  /** what people know it by: "AMD Instinct MI300X" */
  readonly product: string;
}

/** Who did the work of a row and where; NaN where it does not say. */
export interface Place {
  readonly process: number;
  readonly thread: number;
  readonly agent: number;
  readonly queue: number;
  readonly stream: number;
}

export interface Track extends Place {
  readonly name: string;
}

/** What the rows of one recording refer to by id. Ids repeat between recordings. */
export class Recording {
  readonly strings: ReadonlyMap<number, string>;
  readonly categories: ReadonlyMap<number, string>;
  /** display name, else the mangled one, by symbol */
  readonly kernels: ReadonlyMap<number, string>;
  readonly agents = new Map<number, Agent>();
  readonly threads = new Map<number, { readonly id: string; readonly name: string }>();
  /** process id of the operating system by id */
  readonly processes: ReadonlyMap<number, string>;
  readonly streams: ReadonlyMap<number, string>;
  readonly queues: ReadonlyMap<number, string>;
  readonly tracks = new Map<number, Track>();
  readonly events: EventDetails;
  /** Whether lanes are queues: all work is on one stream, as where streams were not recorded. */
  readonly byQueue: boolean;
  /** SQL that chooses the recording's rows of a table, '' for all */
  readonly rows: string;

  /** @param guid which rows are meant where a table has those of several recordings */
  constructor(
    private readonly engine: SqlEngine,
    readonly tables: SuffixTables,
    /** number among the recordings of the file */
    readonly number: number,
    guid: string | undefined,
    private readonly tolerant: Tolerant,
  ) {
    this.rows = guid === undefined ? '' : `WHERE guid = ${quoteText(guid)}`;
    this.strings = this.texts('rocpd_string', 'string');
    const named = this.texts('rocpd_info_category', 'name');
    // Schema 4 has a table of categories, schema 3 has them among the strings.
    this.categories = tables.table('rocpd_info_category') === '' ? this.strings : named;
    this.kernels = this.texts(
      'rocpd_info_kernel_symbol',
      "coalesce(nullif(display_name, ''), CASE WHEN kernel_name LIKE '%.kd' THEN substr(kernel_name, 1, length(kernel_name) - 3) ELSE kernel_name END)",
    );
    this.processes = this.texts('rocpd_info_process', 'pid');
    this.streams = this.texts('rocpd_info_stream', 'name');
    this.queues = this.texts('rocpd_info_queue', 'name');
    this.readThreads();
    this.readAgents();
    this.readTracks();
    this.events = new EventDetails(engine, tables, this.rows, tolerant);
    let byQueue = false;
    tolerant('Streams and queues', () => (byQueue = this.isByQueue()));
    this.byQueue = byQueue;
  }

  /** The process of a row. Schema 4 refers to it by its operating system's number. */
  process(id: number): string {
    if (this.tables.has('rocpd_track', 'agent_id')) {
      for (const pid of this.processes.values()) {
        if (pid === String(id)) {
          return pid;
        }
      }
    }
    return this.processes.get(id) ?? (Number.isNaN(id) ? '' : String(id));
  }

  /** Text by id; empty where the table or a column is missing. */
  private texts(table: string, expression: string): Map<number, string> {
    const out = new Map<number, string>();
    const columns = this.tables.columnsOf(table);
    const used = ['string', 'name', 'display_name', 'kernel_name', 'pid'].filter((name) =>
      new RegExp(`\\b${name}\\b`).test(expression),
    );
    if (used.every((name) => columns.includes(name)) && used.length > 0) {
      this.each(table, [expression], ([id, text]) => out.set(numberValue(id), textValue(text)));
    }
    return out;
  }

  /** Rows of a table with their ids before the given columns; NULL for a column it does not have. */
  private each(
    table: string,
    columns: readonly string[],
    onRow: (row: readonly SqlValue[]) => void,
  ): void {
    const name = this.tables.table(table);
    if (name !== '') {
      this.tolerant(`The table ${table}`, () =>
        this.engine.each(
          `SELECT id, ${columns.join(', ')} FROM ${quoteName(name)} ${this.rows} ORDER BY id`,
          onRow,
        ),
      );
    }
  }

  private optional(table: string, ...columns: string[]): string[] {
    return columns.map((name) => (this.tables.has(table, name) ? quoteName(name) : 'NULL'));
  }

  private readThreads(): void {
    const columns = this.optional('rocpd_info_thread', 'tid', 'name');
    this.each('rocpd_info_thread', columns, ([id, tid, name]) => {
      this.threads.set(numberValue(id), { id: textValue(tid), name: textValue(name) });
    });
  }

  private readAgents(): void {
    const columns = this.optional(
      'rocpd_info_agent',
      'type',
      'type_index',
      'product_name',
      'model_name',
      'name',
    );
    let gpus = 0;
    this.each('rocpd_info_agent', columns, ([id, type, index, ...names]) => {
      const gpu = type === 'GPU';
      const stated = numberValue(index);
      const device = Number.isSafeInteger(stated) && stated >= 0 ? stated : gpus;
      gpus += gpu ? 1 : 0;
      this.agents.set(numberValue(id), {
        gpu,
        device: gpu ? device : -1,
        product: names.map(textValue).find((name) => name !== '') ?? '',
      });
    });
  }

  private readTracks(): void {
    const columns = this.optional(
      'rocpd_track',
      'pid',
      'tid',
      'agent_id',
      'queue_id',
      'stream_id',
      'name_id',
    );
    this.each('rocpd_track', columns, (row) => {
      const [id, process, thread, agent, queue, stream, name] = row.map(numberValue);
      this.tracks.set(id, {
        process,
        thread,
        agent,
        queue,
        stream,
        name: this.strings.get(name) ?? '',
      });
    });
  }

  private isByQueue(): boolean {
    const table = ['rocpd_kernel_dispatch', 'rocpd_track'].find(
      (name) => this.tables.has(name, 'stream_id') && this.tables.has(name, 'queue_id'),
    );
    if (table === undefined) {
      return false;
    }
    const [[streams, queues]] = this.engine.query(
      `SELECT count(DISTINCT stream_id), count(DISTINCT queue_id) FROM ${quoteName(this.tables.table(table))} ${this.rows}`,
    ).rows;
    return Number(streams) <= 1 && Number(queues) > 1;
  }
}

/** The recordings of one suffix: mostly one; several where tables were merged into one. */
export function recordingsOf(
  engine: SqlEngine,
  tables: SuffixTables,
  first: number,
  tolerant: Tolerant,
): Map<string, Recording> {
  const table = tables.table('rocpd_string');
  let guids: string[] = [];
  if (tables.has('rocpd_string', 'guid')) {
    tolerant('The recordings of the file', () => {
      guids = engine
        .query(`SELECT DISTINCT guid FROM ${quoteName(table)} ORDER BY 1`)
        .rows.map(([guid]) => textValue(guid));
    });
  }
  if (guids.length <= 1) {
    return new Map([['', new Recording(engine, tables, first, undefined, tolerant)]]);
  }
  return new Map(
    guids.map(
      (guid, i) => [guid, new Recording(engine, tables, first + i, guid, tolerant)] as const,
    ),
  );
}
