import type {
  CallDetails,
  CallExplanation,
  DecomposeBy,
  Decomposition,
  StallList,
  TileRequest,
  TileSet,
  TimeWindow,
  UnclassifiedList,
} from '../analysis/results.js';
import type { Progress } from '../trace/index.js';
import type { QueryResult, TraceSummary } from './session.js';

/**
 * Everything that passes between the trace editor's webview and the extension host. The webview asks
 * requests with an id; the host answers each once. Both sides also send events without an answer.
 */
export interface ViewRequests {
  decompose: { params: { by: DecomposeBy; window?: TimeWindow }; result: Decomposition };
  stalls: {
    params: { factor?: number; limit?: number; window?: TimeWindow; layerType?: string };
    result: StallList;
  };
  tiles: { params: TileRequest; result: TileSet };
  call: { params: { call: number }; result: CallDetails };
  explain: { params: { call: number }; result: CallExplanation };
  unclassified: { params: { window?: TimeWindow }; result: UnclassifiedList };
  /**
   * Writes a rule for a kernel's name into the workspace's rule file and opens it where the layer type
   * is to be filled in; answers with the sentence to show.
   */
  makeRule: { params: { kernel: string }; result: string };
  query: { params: { sql: string; limit?: number }; result: QueryResult };
  /**
   * Opens the code a call came from; answers with the sentence to show, '' where an editor opened.
   * With call -1 (nothing is selected) the host asks which layer is meant.
   */
  goToCode: { params: { call: number; cause: GoToCodeCause }; result: string };
  /** Opens one frame of a call stack. */
  goToFrame: { params: { file: string; line: number; symbol: string }; result: string };
  /** Saves text through the host's save dialog; answers with the path or ''. */
  save: { params: { suggestedName: string; text: string }; result: string };
  copy: { params: { text: string }; result: void };
  savedQueries: { params: Record<string, never>; result: readonly SavedQuery[] };
}
/**
 * Why code is to be opened. 'asked': a button or command, which takes the focus along. 'stall' and
 * 'slice': something was clicked and its code follows, the focus stays; the user can turn that off.
 */
export type GoToCodeCause = 'asked' | 'stall' | 'slice';
export type ViewRequestName = keyof ViewRequests;

export interface SavedQuery {
  readonly title: string;
  readonly description: string;
  readonly sql: string;
}

export type ToHost =
  | {
      [K in ViewRequestName]: {
        type: 'request';
        id: number;
        name: K;
        params: ViewRequests[K]['params'];
      };
    }[ViewRequestName]
  /** stop waiting for a request; a running query is interrupted */
  | { type: 'cancel'; id: number }
  /** the webview can draw: the host starts or repeats the opening */
  | { type: 'ready' }
  | { type: 'cancelOpen' }
  /** buttons of the error page and the rank notice */
  | { type: 'openWith' }
  | { type: 'neverHere' }
  | { type: 'retry' }
  /** opens a packed file that was not opened unasked */
  | { type: 'openAnyway' }
  | { type: 'loadRanks'; which: 'all' | 'few' }
  | { type: 'chooseRanks' };

export type ToView =
  | { type: 'opening'; name: string; progress: Progress }
  | { type: 'opened'; summary: TraceSummary }
  | {
      type: 'failed';
      sentence: string;
      looksLike: string;
      tables: readonly string[];
      /** 'openAnyway' would open it */
      unpacksLarge: boolean;
    }
  | { type: 'answer'; id: number; result: unknown }
  | { type: 'refused'; id: number; sentence: string; cancelled: boolean }
  /** commands of VS Code that act on the open editor */
  | { type: 'show'; view: ViewName; by?: DecomposeBy }
  | { type: 'goToSelected' };

export type ViewName = 'layers' | 'timeline' | 'stalls' | 'query' | 'unclassified';
