import { printable } from '../printable.js';
import { METRIC_TABLES, SAMPLE_TABLES } from './counters.js';
import type { NsysRows } from './rows.js';

/** Tables of events that are read. */
const READ = new Set([
  'cupti_activity_kind_kernel',
  'cupti_activity_kind_memcpy',
  'cupti_activity_kind_memset',
  'cupti_activity_kind_graph_trace',
  'cupti_activity_kind_runtime',
  'cupti_activity_kind_synchronization',
  'cupti_activity_kind_overhead',
  'profiler_overhead',
  'nvtx_events',
  'osrt_api',
  'sched_events',
]);

/** Tables of events that are not, and what is said of them. */
const KNOWN: Readonly<Record<string, string>> = {
  composite_events: 'CPU samples (COMPOSITE_EVENTS)',
  cupti_activity_kind_cuda_event: 'CUDA event records (CUPTI_ACTIVITY_KIND_CUDA_EVENT)',
  // Nodes up to schema 3.7, graphs later.
  cuda_graph_events: 'building of CUDA graphs (CUDA_GRAPH_EVENTS)',
  cuda_graph_node_events: 'building of CUDA graphs (CUDA_GRAPH_NODE_EVENTS)',
  diagnostic_event: "the profiler's own messages (DIAGNOSTIC_EVENT)",
  gpu_context_switch_events: 'context switches of GPUs (GPU_CONTEXT_SWITCH_EVENTS)',
  osrt_file_access_events: 'file accesses (OSRT_FILE_ACCESS_EVENTS)',
};

/** Tables that have times and are no events. */
const NO_EVENTS =
  /^(target_info_|analysis_|enum_|meta_data_|export_meta_data|nvtx_payload_|extrap_)/;
const GENERIC = 'generic_events';
const TIME_COLUMNS = ['start', 'timestamp', 'rawTimestamp', 'startedAt'];

/**
 * Counts the rows of event tables that are not read, so that the account of the file is whole: those
 * known by name, and any other table with a time.
 * @throws SqlError
 */
export function countUnreadTables(rows: NsysRows): void {
  const twice = samplesWrittenTwice(rows);
  for (const table of rows.schema.names()) {
    const name = table.toLowerCase();
    const known = KNOWN[name];
    const timed = TIME_COLUMNS.some((column) => rows.schema.has(table, column));
    if (name === GENERIC) {
      rows.leaveOut(table, `rows of ${printable(table, 60)}`, twice);
    } else if (known !== undefined) {
      rows.leaveOut(table, known);
    } else if (!READ.has(name) && !SAMPLE_TABLES.has(name) && timed && !NO_EVENTS.test(name)) {
      rows.leaveOut(table, `rows of ${printable(table, 60)}`);
    }
  }
}

/**
 * Rows of GENERIC_EVENTS that hold what the tables of metrics have in columns: exports of schema 3.7.2
 * write each sample of a GPU as JSON, too.
 */
function samplesWrittenTwice({ schema }: NsysRows): { where: string; reason: string } | undefined {
  const types = METRIC_TABLES.filter(
    ({ table, names }) => schema.has(table, 'typeId') && schema.has(names, 'typeId'),
  ).map(({ names }) => `SELECT typeId FROM ${names}`);
  return types.length === 0 || !schema.has(GENERIC, 'typeId')
    ? undefined
    : {
        where: `typeId IN (${types.join(' UNION ')})`,
        reason: 'counter samples, written as events a second time (GENERIC_EVENTS)',
      };
}
