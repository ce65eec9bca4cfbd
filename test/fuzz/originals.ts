import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';

export interface Original {
  /** as it is named with --file: its place below test/fixtures */
  readonly file: string;
  readonly bytes: () => Uint8Array;
  /** the `-wal` beside it */
  readonly log?: () => Uint8Array;
}

const RANKS = [0, 1].map((rank) => `kineto/two-ranks.rank${rank}.pt.trace.json.gz`);

const LOGGED = [
  'big_endian',
  'checkpointed',
  'live',
  'log_only',
  'second_life',
  'shrunk',
  'torn',
  'unfinished',
].map((name) => `broken/${name}.db`);

const PACKED = ['flat/awkward.db', 'nsys/before_2.9.sqlite', 'rpd/serving.rpd'];

const FILES = [
  'flat/article_600.db',
  'flat/awkward.db',
  'ingero/future_0.10.db',
  'ingero/merged_0.10.db',
  'ingero/overwritten_counts_0.8.db',
  'ingero/plain_0.8.db',
  'ingero/sessions_0.10.db',
  'ingero/two_ranks_0.9.db',
  'kineto/array-form.json',
  'kineto/backward.stack.pt.trace.json.gz',
  'kineto/control-characters.json',
  'kineto/counters.json',
  'kineto/graph.pt.trace.json.gz',
  'kineto/hip-graph.json',
  'kineto/metadata-last.json',
  'kineto/not-a-number.json',
  'kineto/plain.pt.trace.json.gz',
  'kineto/string-tids.json',
  'kineto/unclosed-frames.json',
  'layers/falcon_h1.decode.pt.trace.json.gz',
  'layers/gpt_oss.decode.pt.trace.json.gz',
  'layers/zamba2.graph.pt.trace.json.gz',
  'layerscope/ingero_1.db',
  'layerscope/pytorch_1.db',
  'nsys/before_2.9.sqlite',
  'nsys/captured_3.25.sqlite',
  'nsys/graphs_3.24.7.sqlite',
  'nsys/metrics_3.25.sqlite',
  'nsys/metrics_alone_3.1.7.sqlite',
  'nsys/recorded_nccl_3.20.3.sqlite',
  'nsys/recorded_python_3.20.3.sqlite',
  'nsys/recorded_stacks_3.7.2.sqlite',
  'nsys/two_processes_3.25.sqlite',
  'nsys/windows_2.9.1.sqlite',
  'rocpd/counters_3.0.5.db',
  'rocpd/lz4_4.db',
  'rocpd/merged_3.0.2.db',
  'rocpd/process_901.db',
  'rocpd/tracks_4.1.db',
  'rocpd/two_guids.db',
  'rpd/rlog_3.rpd',
  'rpd/serving.rpd',
  'rpd/two_processes.rpd',
];

const fixture = (file: string): Uint8Array => new Uint8Array(readFileSync(`test/fixtures/${file}`));

/** A file of every format and generation, some with a log or packed, and an archive of two ranks. */
export const ORIGINALS: readonly Original[] = [
  ...FILES.map((file) => ({ file, bytes: () => fixture(file) })),
  ...LOGGED.map((file) => ({
    file,
    bytes: () => fixture(file),
    log: () => fixture(`${file}-wal`),
  })),
  ...PACKED.map((file) => ({
    file: `${file}.gz`,
    bytes: () => new Uint8Array(gzipSync(fixture(file))),
  })),
  {
    file: 'two-ranks.tar',
    bytes: () => createTar(RANKS.map((name) => ({ name, data: fixture(name) }))),
  },
];
