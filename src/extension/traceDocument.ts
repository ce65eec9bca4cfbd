import type * as vscode from 'vscode';
import type { CallOptions } from '../session/session.js';
import type { AttributionMemory } from './attributionMemory.js';
import { OpenTrace } from './openTrace.js';
import type { OwnRuleFiles } from './ownRuleFiles.js';
import type { Runtime } from './runtime.js';
import { openRanksTogether } from './settings.js';
import { TraceAttribution } from './traceAttribution.js';
import { fileName, rankSiblings, traceInput, tracePath } from './traceFiles.js';
import { inRankOrder } from './traceRanks.js';

/** A trace file open in one or several editors. */
export class TraceDocument implements vscode.CustomDocument {
  readonly trace: OpenTrace;
  readonly attribution: TraceAttribution;
  /** files of other ranks beside this one that are not open */
  private siblings: readonly vscode.Uri[] = [];
  /** every file the session may ask for */
  private readonly files = new Map<string, vscode.Uri>();
  private prepared: Promise<void> | undefined;
  private disposed = false;

  constructor(
    readonly uri: vscode.Uri,
    runtime: Runtime,
    private readonly log: vscode.LogOutputChannel,
    memory: AttributionMemory,
    rules: OwnRuleFiles,
  ) {
    this.attribution = new TraceAttribution(uri, memory, rules, log);
    this.files.set(tracePath(uri), uri);
    this.trace = new OpenTrace(
      [tracePath(uri)],
      () =>
        runtime.createSession(async (path) => {
          const file = this.files.get(path) ?? this.attribution.file(path);
          if (file === undefined) {
            throw new Error(`${path} is no file of this trace.`);
          }
          return traceInput(file, runtime);
        }),
      (error) => log.error(`${this.name}: ${reasonOf(error)}`),
      () => this.attribution.inputs(),
    );
    this.trace.onChange((state) => {
      if (state.kind === 'opened') {
        const { format, counts } = state.summary;
        log.info(`${this.name}: open as ${format}, ${counts.gpu} GPU events`);
      } else if (state.kind === 'failed') {
        log.warn(`${this.name}: ${state.sentence}`);
      }
    });
  }

  get name(): string {
    return fileName(this.uri);
  }

  /** Starts opening at the first call, with all ranks of the run where the user has set that. */
  ensureOpening(): void {
    this.prepared ??= this.prepare();
  }

  /** Paths of the other ranks' files, for the notice that offers them. */
  get moreRanks(): readonly string[] {
    return openRanksTogether(this.uri) === 'ask' && this.trace.files.length === 1
      ? this.siblings.map((sibling) => fileName(sibling))
      : [];
  }

  /** What is read for this trace: nothing may be written to it. */
  get inputs(): readonly vscode.Uri[] {
    return [...this.files.values(), ...this.attribution.inputFiles];
  }

  openAllRanks(): void {
    for (const sibling of this.siblings) {
      this.files.set(tracePath(sibling), sibling);
    }
    void this.trace.open(inRankOrder([...this.files.keys()]));
  }

  /** Tells the layers anew by what is chosen now; a trace still on its way is opened anew. */
  async reattribute(options: CallOptions): Promise<void> {
    switch (this.trace.state.kind) {
      case 'opened':
        return this.trace.reattribute(options);
      case 'opening':
        return this.trace.open(this.trace.files);
      case 'closed':
      case 'failed':
        return; // the next opening goes by the choice
    }
  }

  retry(): void {
    void this.trace.open(this.trace.files);
  }

  dispose(): void {
    this.disposed = true;
    this.trace.dispose();
  }

  private async prepare(): Promise<void> {
    const wish = openRanksTogether(this.uri);
    if (wish !== 'never') {
      try {
        this.siblings = await rankSiblings(this.uri);
      } catch (error) {
        // A folder that cannot be listed costs the offer of more ranks, not the trace.
        this.log.warn(`${this.name}: cannot look for other ranks: ${reasonOf(error)}`);
      }
    }
    if (this.disposed) {
      return;
    }
    if (wish === 'always' && this.siblings.length > 0) {
      this.openAllRanks();
    } else {
      this.trace.ensureOpening();
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
