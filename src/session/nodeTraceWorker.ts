import { MOVING_METHODS, TRACE_ENGINE_METHODS, type TraceEngine } from './engines.js';
import { nodeEngines } from './nodeRuntime.js';
import { parentEndpoint } from './nodeThreadEndpoint.js';
import { serve } from './rpc.js';

serve<TraceEngine>(
  nodeEngines(__dirname).trace(),
  TRACE_ENGINE_METHODS,
  parentEndpoint(),
  MOVING_METHODS,
);
