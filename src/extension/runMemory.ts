import type * as vscode from 'vscode';

/** What a trace is made of besides its own file, and what of that is loaded. */
export interface RunChoice {
  /** addresses of the run's other files, where the user said which; else those beside it count */
  readonly files?: readonly string[];
  /** paths of the ranks that are loaded; left out where nobody chose */
  readonly loaded?: readonly string[];
}

const KEY = 'layerscope.runs';
/** Traces whose choice is kept; the one chosen for longest ago is forgotten first. */
const KEPT = 100;

/** Remembers, in the workspace's state, which ranks were opened with each trace. */
export class RunMemory {
  constructor(private readonly state: Pick<vscode.Memento, 'get' | 'update'>) {}

  /** @param trace its address */
  choice(trace: string): RunChoice {
    return this.all().find(([address]) => address === trace)?.[1] ?? {};
  }

  async remember(trace: string, choice: RunChoice): Promise<void> {
    const others = this.all().filter(([address]) => address !== trace);
    await this.state.update(KEY, [...others, [trace, choice] as const].slice(-KEPT));
  }

  private all(): readonly (readonly [string, RunChoice])[] {
    return this.state.get<readonly (readonly [string, RunChoice])[]>(KEY) ?? [];
  }
}
