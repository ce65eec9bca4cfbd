import { MOVING_METHODS, TRACE_ENGINE_METHODS, type TraceEngine } from './engines.js';
import { serve } from './rpc.js';
import { webEngines } from './webRuntime.js';
import { openParentChannel } from './webWorkerEndpoint.js';

const { start, endpoint } = openParentChannel();
serve<TraceEngine>(webEngines(start).trace(), TRACE_ENGINE_METHODS, endpoint, MOVING_METHODS);
