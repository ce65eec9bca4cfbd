import type * as vscode from 'vscode';

/** What the user chose for one trace; a part that is left out was never chosen. */
export interface AttributionChoice {
  /** address of the model's configuration; null = none is to be used */
  readonly model?: string | null;
  /** addresses of the companion trace's files; null = none is to be used */
  readonly companion?: readonly string[] | null;
}

const KEY = 'layerscope.attribution';
/** Traces whose choice is kept; the one chosen for longest ago is forgotten first. */
const KEPT = 200;

/** Remembers, in the workspace's state, what was chosen for each trace. */
export class AttributionMemory {
  constructor(private readonly state: Pick<vscode.Memento, 'get' | 'update'>) {}

  /** @param trace its address */
  choice(trace: string): AttributionChoice {
    return this.all().find(([address]) => address === trace)?.[1] ?? {};
  }

  async remember(trace: string, choice: AttributionChoice): Promise<void> {
    const others = this.all().filter(([address]) => address !== trace);
    const isEmpty = choice.model === undefined && choice.companion === undefined;
    const next = isEmpty ? others : [...others, [trace, choice] as const].slice(-KEPT);
    await this.state.update(KEY, next);
  }

  private all(): readonly (readonly [string, AttributionChoice])[] {
    return this.state.get<readonly (readonly [string, AttributionChoice])[]>(KEY) ?? [];
  }
}
