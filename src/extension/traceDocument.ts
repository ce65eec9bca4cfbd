import * as vscode from 'vscode';
import type { CallOptions, RankChoice } from '../session/session.js';
import type { AttributionMemory } from './attributionMemory.js';
import { OpenTrace } from './openTrace.js';
import type { OwnRuleFiles } from './ownRuleFiles.js';
import type { RunMemory } from './runMemory.js';
import type { Runtime } from './runtime.js';
import {
  nativeBeyond,
  openRanksTogether,
  openingWishes,
  type OpenRanksTogether,
} from './settings.js';
import { TraceAttribution } from './traceAttribution.js';
import { fileName, rankSiblings, traceInput, tracePath } from './traceFiles.js';

/** A trace file open in one or several editors. */
export class TraceDocument implements vscode.CustomDocument {
  readonly trace: OpenTrace;
  readonly attribution: TraceAttribution;
  /** every file the session may ask for */
  private readonly files = new Map<string, vscode.Uri>();
  private prepared: Promise<void> | undefined;
  private disposed = false;

  constructor(
    readonly uri: vscode.Uri,
    runtime: Runtime,
    private readonly log: vscode.LogOutputChannel,
    memory: AttributionMemory,
    private readonly runs: RunMemory,
    rules: OwnRuleFiles,
  ) {
    this.attribution = new TraceAttribution(uri, memory, rules, log);
    this.files.set(tracePath(uri), uri);
    this.trace = new OpenTrace(
      [tracePath(uri)],
      () =>
        runtime.createSession(async (path, unread) => {
          const file = this.files.get(path) ?? this.attribution.file(path);
          if (file === undefined) {
            throw new Error(`${path} is no file of this trace.`);
          }
          return traceInput(file, runtime, unread);
        }, nativeBeyond(uri)),
      (error) => log.error(`${this.name}: ${reasonOf(error)}`),
      () => this.attribution.inputs(),
      openingWishes,
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

  /** Opens the trace as one of a run with other files, as far as they are a few. */
  async openRun(others: readonly vscode.Uri[]): Promise<void> {
    await this.runs.remember(this.uri.toString(), { files: others.map(String) });
    await this.trace.open(this.pathsWith(others));
  }

  /** What is read for this trace: nothing may be written to it. */
  get inputs(): readonly vscode.Uri[] {
    return [...this.files.values(), ...this.attribution.inputFiles];
  }

  /** Loads other ranks of the run, and remembers them. @throws Error with a sentence */
  async loadRanks(ranks: RankChoice, options: CallOptions): Promise<void> {
    await this.trace.loadRanks(ranks, options);
    const { state } = this.trace;
    if (state.kind === 'opened') {
      const loaded = state.summary.run.flatMap((file) => (file.loaded ? file.path : []));
      const before = this.runs.choice(this.uri.toString());
      await this.runs.remember(this.uri.toString(), { ...before, loaded });
    }
  }

  /** Its own path first, then those of other files of the run. */
  private pathsWith(others: readonly vscode.Uri[]): readonly string[] {
    for (const other of others) {
      this.files.set(tracePath(other), other);
    }
    const own = tracePath(this.uri);
    return [own, ...others.map(tracePath).filter((path) => path !== own)];
  }

  /** Tells the layers anew by what is chosen now; a trace still on its way is opened anew. */
  async reattribute(options: CallOptions): Promise<void> {
    switch (this.trace.state.kind) {
      case 'opened':
        return this.trace.reattribute(options);
      case 'opening':
        return this.trace.reopen();
      case 'closed':
      case 'failed':
        return; // the next opening goes by the choice
    }
  }

  retry(): void {
    void this.trace.reopen();
  }

  /** Opens it whatever it unpacks to; the next opening asks again. */
  openAnyway(): void {
    void this.trace.reopen({ unpackLimit: Infinity });
  }

  dispose(): void {
    this.disposed = true;
    this.trace.dispose();
  }

  private async prepare(): Promise<void> {
    const wish = openRanksTogether(this.uri);
    const { files, loaded } = this.runs.choice(this.uri.toString());
    const others = files?.map((address) => vscode.Uri.parse(address)) ?? (await this.beside(wish));
    if (this.disposed) {
      return;
    }
    const own = tracePath(this.uri);
    // Ranks that merely lie beside the file are listed; the user says whether they are loaded.
    const alone = files === undefined && wish === 'ask' && others.length > 0;
    const ranks: RankChoice =
      loaded !== undefined && (files !== undefined || wish !== 'never')
        ? { kind: 'paths', paths: [...loaded] }
        : alone
          ? { kind: 'paths', paths: [own] }
          : { kind: 'few', first: own };
    this.trace.ensureOpening(this.pathsWith(others), ranks);
  }

  private async beside(wish: OpenRanksTogether): Promise<readonly vscode.Uri[]> {
    if (wish === 'never') {
      return [];
    }
    try {
      return await rankSiblings(this.uri);
    } catch (error) {
      // A folder that cannot be listed costs the offer of more ranks, not the trace.
      this.log.warn(`${this.name}: cannot look for other ranks: ${reasonOf(error)}`);
      return [];
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
