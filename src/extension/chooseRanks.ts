import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../analysis/format.js';
import type { RankChoice } from '../session/session.js';
import { noticeName, noticeText } from './notice.js';
import type { TraceDocument } from './traceDocument.js';

/** Lets the user choose which ranks of a run are loaded. */
export async function chooseRanks(document: TraceDocument): Promise<void> {
  const { state } = document.trace;
  if (state.kind !== 'opened') {
    return;
  }
  const { run } = state.summary;
  if (run.length < 2) {
    void vscode.window.showInformationMessage(
      `Layerscope: ${noticeName(document.name)} was opened alone. "Open as GPU Trace" on a folder, or on several files, opens all ranks in it as one trace.`,
    );
    return;
  }
  const loaded = run.filter((file) => file.loaded).length;
  const chosen = await vscode.window.showQuickPick(
    run.map((file) => ({
      label: noticeName(file.label),
      description: [
        ...(file.label === file.name ? [] : [noticeName(file.name)]),
        ...(file.device === '' ? [] : [noticeName(file.device)]),
        ...(file.bytes > 0 ? [formatBytes(file.bytes)] : []),
        ...(file.loaded ? ['loaded'] : file.problem === undefined ? [] : ['cannot be read']),
      ].join(' · '),
      picked: file.loaded,
      path: file.path,
    })),
    {
      title: `Ranks of ${noticeName(document.name)} (${formatCount(loaded)} of ${formatCount(run.length)} loaded)`,
      placeHolder: 'Ranks to load; those that are not checked are let go',
      canPickMany: true,
      matchOnDescription: true,
    },
  );
  if (chosen !== undefined && chosen.length > 0) {
    await loadRanks(document, { kind: 'paths', paths: chosen.map(({ path }) => path) });
  }
}

/** Loads ranks, with a notification that can cancel it; where that fails the trace stays as it was. */
export async function loadRanks(document: TraceDocument, ranks: RankChoice): Promise<void> {
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Loading ranks of ${noticeName(document.name)}`,
        cancellable: true,
      },
      async (progress, token) => {
        const cancel = new AbortController();
        token.onCancellationRequested(() => cancel.abort());
        await document.loadRanks(ranks, {
          signal: cancel.signal,
          progress: ({ stage }) => progress.report({ message: noticeText(stage) }),
        });
      },
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(
      `Layerscope: the ranks of ${noticeName(document.name)} are as before. ${noticeText(reason)}`,
    );
  }
}
