import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../analysis/format.js';
import type { ExportReport, ExportRequest } from '../session/session.js';
import { noticeName, noticeText } from './notice.js';
import type { Output, Runtime } from './runtime.js';
import type { TraceDocument } from './traceDocument.js';
import { fileName } from './traceFiles.js';

/** What an export needs of the rest of the extension. */
export interface ExportServices {
  readonly runtime: Runtime;
  /** of the extension */
  readonly version: string;
}

type Wanted = Pick<ExportRequest, 'to' | 'table' | 'gzip'>;

interface Format extends vscode.QuickPickItem {
  readonly wanted: Wanted;
  readonly suffix: string;
}

const CHROME = 'Perfetto and chrome://tracing open it; layers are arguments of GPU events.';

const FORMATS: readonly Format[] = [
  {
    label: 'Chrome trace, packed',
    description: '.json.gz',
    detail: CHROME,
    wanted: { to: 'chrome', gzip: true },
    suffix: '.json.gz',
  },
  {
    label: 'Chrome trace',
    description: '.json',
    detail: CHROME,
    wanted: { to: 'chrome' },
    suffix: '.json',
  },
  {
    label: 'speedscope profile',
    description: '.speedscope.json',
    detail: 'Layer type > layer > module > kernel as a flame graph, one profile a stream.',
    wanted: { to: 'speedscope' },
    suffix: '.speedscope.json',
  },
  {
    label: 'CSV of GPU events',
    description: '.csv',
    detail: 'A line for each, with its layer; API calls where the trace has no GPU events.',
    wanted: { to: 'csv' },
    suffix: '.csv',
  },
  ...(
    [
      ['launches', 'API calls'],
      ['ranges', 'ranges'],
      ['host', 'host events'],
      ['counters', 'counters'],
    ] as const
  ).map(([table, what]) => ({
    label: `CSV of ${what}`,
    description: '.csv',
    wanted: { to: 'csv', table } as const,
    suffix: `.${table}.csv`,
  })),
];

/** Lets the user choose a format and a place, and writes the trace there. */
export async function exportTrace(
  document: TraceDocument,
  services: ExportServices,
): Promise<void> {
  const format = await vscode.window.showQuickPick(FORMATS, {
    title: `Export ${noticeName(document.name)}`,
    placeHolder: 'As what?',
  });
  if (format !== undefined) {
    await save(document, services, format.wanted, format.suffix);
  }
}

/** Lets the user choose a place, and writes the trace there as a database of its own. */
export async function saveDatabase(
  document: TraceDocument,
  services: ExportServices,
): Promise<void> {
  await save(document, services, { to: 'database' }, '.layerscope.db');
}

async function save(
  document: TraceDocument,
  { runtime, version }: ExportServices,
  wanted: Wanted,
  suffix: string,
): Promise<void> {
  const stem = document.name.replace(
    /(\.pt)?(\.trace)?\.(db|rpd|sqlite3?|json|tar|tgz)(\.gz)?$/i,
    '',
  );
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(document.uri, '..', `${stem}${suffix}`),
    saveLabel: 'Export',
  });
  if (target === undefined) {
    return;
  }
  const request: ExportRequest = { ...wanted, writtenBy: `layerscope ${version}` };
  try {
    const written = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Writing ${noticeName(fileName(target))}`,
        cancellable: true,
      },
      (progress, token) => {
        const stopping = new AbortController();
        token.onCancellationRequested(() => stopping.abort());
        return write(document, runtime, target, request, stopping.signal, progress);
      },
    );
    if (written !== undefined) {
      void vscode.window.showInformationMessage(
        `${noticeName(fileName(target))}: ${noticeText(written)}`,
      );
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(`Layerscope: ${noticeText(reason)}`);
  }
}

/** @returns what was written, in words; undefined where it was cancelled */
async function write(
  document: TraceDocument,
  runtime: Runtime,
  target: vscode.Uri,
  request: ExportRequest,
  signal: AbortSignal,
  progress: vscode.Progress<{ message?: string; increment?: number }>,
): Promise<string | undefined> {
  const session = await document.trace.ready();
  const output: Output = await runtime.createOutput(target, document.inputs);
  let bytes = 0;
  let shown = 0;
  try {
    const report = await session.export(
      request,
      async (part) => {
        bytes += part.length;
        await output.write(part);
      },
      {
        signal,
        progress: ({ stage, fraction = 0 }) => {
          const percent = Math.floor(fraction * 100);
          progress.report({ message: stage, increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
      },
    );
    signal.throwIfAborted();
    await output.finish();
    return wordsOf(report, bytes);
  } catch (error) {
    await output.abandon();
    if (signal.aborted) {
      return undefined;
    }
    throw error;
  }
}

function wordsOf({ rows, notes }: ExportReport, bytes: number): string {
  const counts = rows
    .filter(({ rows: count }) => count > 0)
    .map(({ what, rows: count }) => `${formatCount(count)} ${what}`);
  return [`${[...counts, formatBytes(bytes)].join(', ')}.`, ...notes].join(' ');
}
