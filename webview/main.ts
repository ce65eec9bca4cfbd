import type { ToHost, ToView } from '../src/session/viewProtocol.js';
import './app.js';
import type { App } from './app.js';
import { Store, keptState, restoredState } from './state.js';
import type { KeptState } from './state.js';
import { TraceView } from './traceView.js';

/** ms between a pan and storing it: panning changes the state sixty times a second. */
const KEEP_AFTER = 250;

const vscode = acquireVsCodeApi<KeptState>();
const store = new Store(restoredState(vscode.getState()));
const view = new TraceView(
  {
    post: (message: ToHost) => vscode.postMessage(message),
    listen: (receive) =>
      window.addEventListener('message', (event: MessageEvent<ToView>) => receive(event.data)),
  },
  store,
);

let keeping: ReturnType<typeof setTimeout> | undefined;
function keep(): void {
  clearTimeout(keeping);
  keeping = undefined;
  vscode.setState(keptState(store.state));
}
let before = store.state;
store.subscribe((state) => {
  const moved = state.viewport !== before.viewport;
  before = state;
  if (moved) {
    keeping ??= setTimeout(keep, KEEP_AFTER);
  } else {
    keep();
  }
});
// A tab that is hidden loses its page at once, with the pan that was not stored yet.
window.addEventListener('pagehide', keep);

const app: App = document.createElement('layerscope-app');
app.view = view;
document.body.append(app);
view.start();

declare global {
  interface HTMLElementTagNameMap {
    'layerscope-app': App;
  }
}
