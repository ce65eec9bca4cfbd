import type { SqliteTable } from './sqliteSchema.js';

/** What else an SQLite file may be, told by its tables (names in lower case). */
interface SqliteKind {
  /** with its article: "a Nsight Systems export" */
  readonly what: string;
  readonly matches: (names: ReadonlySet<string>) => boolean;
  /** what its owner can do instead */
  readonly advice?: string;
}

const all =
  (...wanted: string[]) =>
  (names: ReadonlySet<string>) =>
    wanted.every((name) => names.has(name));
const some = (names: ReadonlySet<string>, pattern: RegExp): boolean =>
  [...names].some((name) => pattern.test(name));

const SQLITE_KINDS: readonly SqliteKind[] = [
  // GPU profilers. Table names: NVIDIA's and AMD's exports as shipped in public repositories.
  {
    what: 'a DLProf database',
    matches: (names) =>
      some(names, /^(dlprof_|view_dlprof)/) || all('ops', 'layers', 'iterations')(names),
  },
  {
    what: 'an Nsight Systems export',
    matches: (names) =>
      some(names, /^(target_info_|nvtx_events$|processstreams$)/) ||
      (names.has('stringids') && some(names, /^cupti_activity_kind_/)),
  },
  {
    what: 'an RPD trace (rocmProfileData)',
    matches: (names) => names.has('rocpd_op') && names.has('rocpd_api'),
  },
  {
    what: 'a rocpd trace (ROCm Systems Profiler, rocprofv3)',
    matches: (names) => some(names, /^rocpd_(metadata|kernel_dispatch|info_node|string)/),
  },
  {
    what: 'a ROCm Compute Profiler database',
    matches: (names) => names.has('compute_workload') && some(names, /^compute_kernel/),
  },
  {
    what: 'an nvprof (Visual Profiler) database',
    matches: (names) => names.has('stringtable') && some(names, /^cupti_activity_kind_/),
  },
  // What commonly ends in .db or .sqlite.
  { what: 'a Firefox places database (history and bookmarks)', matches: all('moz_places') },
  { what: 'a Firefox database', matches: (names) => some(names, /^moz_/) },
  { what: 'a Chrome history database', matches: all('urls', 'visits', 'downloads') },
  { what: 'a Chrome cookie database', matches: all('cookies', 'meta') },
  { what: 'an MBTiles map', matches: all('tiles', 'metadata') },
  { what: 'a GeoPackage', matches: all('gpkg_contents') },
  { what: 'an Anki collection', matches: all('notes', 'cards', 'col') },
  { what: 'a VS Code state database', matches: all('itemtable') },
  { what: 'an MLflow tracking database', matches: all('experiments', 'runs', 'metrics', 'params') },
  { what: 'an Optuna study', matches: all('studies', 'trials') },
  { what: 'an IPython history', matches: all('history', 'sessions', 'output_history') },
  { what: 'a Fossil repository', matches: all('blob', 'delta', 'rcvfrom') },
  { what: 'a Core Data store', matches: all('z_metadata', 'z_primarykey') },
  { what: 'an Android database', matches: all('android_metadata') },
  { what: 'a Django database', matches: all('django_migrations') },
  { what: 'a Rails database', matches: all('schema_migrations', 'ar_internal_metadata') },
  { what: 'a WordNet or NLTK index', matches: all('synsets', 'senses') },
];

/** What an SQLite file that is no readable trace looks like, with its article; '' where unknown. */
export function sqliteLooksLike(tables: ReadonlyMap<string, SqliteTable>): string {
  const names = new Set(tables.keys());
  return SQLITE_KINDS.find((kind) => kind.matches(names))?.what ?? '';
}

interface ContentKind {
  readonly what: string;
  /** bytes the file begins with, as characters up to U+00FF */
  readonly begins?: string;
  /** where they are, when not at the beginning */
  readonly at?: number;
  readonly advice?: string;
}

const UNPACK = 'Unpack it first.';

/** Told by their first bytes (each format's own documentation). */
const CONTENT_KINDS: readonly ContentKind[] = [
  { what: 'an xz archive', begins: '\xfd7zXZ\0', advice: UNPACK },
  { what: 'a ZIP archive', begins: 'PK\x03\x04', advice: UNPACK },
  { what: 'a Zstandard archive', begins: '\x28\xb5\x2f\xfd', advice: UNPACK },
  { what: 'a bzip2 archive', begins: 'BZh', advice: UNPACK },
  { what: 'a 7-Zip archive', begins: "7z\xbc\xaf'\x1c", advice: UNPACK },
  {
    what: 'a tar archive',
    begins: 'ustar',
    at: 257,
    advice: 'Unpack it and open the traces inside.',
  },
  {
    what: 'a Git LFS pointer, not the file itself',
    begins: 'version https://git-lfs',
    advice: 'Run "git lfs pull" to fetch the file.',
  },
  { what: 'a DuckDB database', begins: 'DUCK', at: 8 },
  { what: 'a Parquet file', begins: 'PAR1' },
  { what: 'an HDF5 file', begins: '\x89HDF' },
  { what: 'an ELF binary', begins: '\x7fELF' },
  { what: 'a PNG picture', begins: '\x89PNG' },
  { what: 'a PDF document', begins: '%PDF' },
  { what: 'a NumPy array', begins: '\x93NUMPY' },
  { what: 'a Berkeley DB file', begins: '\x62\x31\x05\x00', at: 12 },
  { what: 'a Thumbs.db or other OLE file', begins: '\xd0\xcf\x11\xe0' },
];

/** JSON that is no trace, told by what stands in its first 64 KiB. */
const JSON_KINDS: readonly (ContentKind & { readonly pattern: RegExp })[] = [
  { what: 'a rocprofv3 JSON result', pattern: /"rocprofiler-sdk-tool"/ },
  { what: 'a speedscope profile', pattern: /speedscope\.app\/file-format-schema/ },
  { what: 'a V8 CPU profile', pattern: /"timeDeltas"\s*:/ },
  { what: 'a Jupyter notebook', pattern: /"nbformat"\s*:/ },
  {
    what: 'a Chrome trace without PyTorch profiler events',
    pattern: /"traceEvents"\s*:|"ph"\s*:\s*"[A-Za-z]"/,
  },
  {
    what: 'a model configuration',
    pattern: /"(architectures|model_type|hybrid_override_pattern)"\s*:/,
    advice: 'Open the trace, and give this file as its model.',
  },
  { what: 'a package.json', pattern: /"devDependencies"\s*:|"dependencies"\s*:/ },
];

/** Recordings that their own tools read: nothing is known of their bytes here, so their names tell them. */
const NAMED_KINDS: readonly (Likeness & { readonly name: RegExp })[] = [
  {
    name: /\.(nsys-rep|qdrep)$/i,
    what: 'an Nsight Systems report',
    advice: 'Export it with "nsys export --type sqlite" and open the .sqlite file.',
  },
  {
    name: /\.ncu-rep$/i,
    what: 'an Nsight Compute report',
    advice: 'It measures single kernels: record a timeline with nsys or the PyTorch profiler.',
  },
  {
    name: /\.(pftrace|perfetto-trace)$/i,
    what: 'a Perfetto trace in its binary form',
    advice:
      'Record as JSON, with rocprofv3 as rocpd ("--output-format rocpd"), or open it in Perfetto.',
  },
];

export interface Likeness {
  /** with its article: "an xz archive" */
  readonly what: string;
  /** a sentence, or '' */
  readonly advice: string;
}

/**
 * What a file that is neither SQLite nor gzip looks like.
 * @param content its first bytes, unpacked where it was gzip
 * @param name asked only where the bytes tell nothing
 */
export function contentLooksLike(content: Uint8Array, name: string): Likeness {
  const kind = CONTENT_KINDS.find(({ begins = '', at = 0 }) =>
    [...begins].every((character, i) => content[at + i] === character.charCodeAt(0)),
  );
  if (kind !== undefined) {
    return { what: kind.what, advice: kind.advice ?? '' };
  }
  if (content.length > 0 && content.every((byte) => byte === 0)) {
    return {
      what: 'nothing but zero bytes',
      advice: 'The copy or the recording was interrupted: copy the file again.',
    };
  }
  const wide = wideText(content);
  if (wide !== undefined) {
    return {
      what: `text in ${wide}`,
      advice: 'Traces are read in UTF-8, as JSON is defined: save it again as UTF-8.',
    };
  }
  const text = new TextDecoder().decode(content).replace(/^\ufeff/, '');
  if (/^\s*[[{]/.test(text)) {
    const json = JSON_KINDS.find(({ pattern }) => pattern.test(text));
    return { what: json?.what ?? 'JSON, but no trace', advice: json?.advice ?? '' };
  }
  if (/^\s*<(!doctype html|html)/i.test(text)) {
    return {
      what: 'a web page',
      advice: 'A download link often leads to a page: save the file itself.',
    };
  }
  const binary = /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(
    text.slice(0, 4096).replace(/\ufffd$/, ''),
  );
  if (!binary) {
    return { what: 'plain text', advice: '' };
  }
  return recordingNamed(name) ?? { what: 'binary data of an unknown kind', advice: '' };
}

/** The recording of another tool that a file is by its name; undefined for any other. */
export function recordingNamed(name: string): Likeness | undefined {
  return NAMED_KINDS.find((kind) => kind.name.test(name));
}

/** UTF-16 or UTF-32 by its mark, or by the zero bytes beside its first character; undefined for neither. */
function wideText(content: Uint8Array): string | undefined {
  const [a, b, c, d] = content;
  if (content.length < 4) {
    return undefined;
  }
  const brace = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
  if (
    (a === 0xff && b === 0xfe && c === 0 && d === 0) ||
    (a === 0 && b === 0 && (c === 0xfe || brace(d))) ||
    (brace(a) && b === 0 && c === 0)
  ) {
    return 'UTF-32';
  }
  if (
    (a === 0xff && b === 0xfe) ||
    (a === 0xfe && b === 0xff) ||
    (brace(a) && b === 0) ||
    (a === 0 && brace(b))
  ) {
    return 'UTF-16';
  }
  return undefined;
}
