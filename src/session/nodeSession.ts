import { newScratchPath, removeScratch, sweepScratch } from '../formats/nodeScratch.js';
import { ComposedSession } from './composedSession.js';
import { nodeEngines, nodeInput, type NodeEngineOptions } from './nodeRuntime.js';
import type { TraceSession } from './session.js';

/** A session in the calling thread, for the command line. */
export function createNodeSession(
  folder?: string,
  options: Partial<Pick<NodeEngineOptions, 'nativeBeyond'>> = {},
): TraceSession {
  const scratch = newScratchPath();
  void sweepScratch();
  const engines = nodeEngines(folder, { ...options, scratch });
  return new ComposedSession({
    trace: engines.trace(),
    input: nodeInput,
    startQueries: async () => {
      const engine = engines.query();
      return { engine, stop: () => engine.close() };
    },
    dispose: () => undefined,
    cleanUp: () => removeScratch(scratch),
  });
}
