import { ComposedSession } from './composedSession.js';
import { nodeEngines, nodeInput } from './nodeRuntime.js';
import type { TraceSession } from './session.js';

/** A session in the calling thread, for the command line. */
export function createNodeSession(folder?: string): TraceSession {
  const engines = nodeEngines(folder);
  return new ComposedSession({
    trace: engines.trace(),
    input: nodeInput,
    startQueries: async () => ({ engine: engines.query(), stop: () => undefined }),
    dispose: () => undefined,
  });
}
