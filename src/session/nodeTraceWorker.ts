import { workerData } from 'node:worker_threads';
import { MOVING_METHODS, TRACE_ENGINE_METHODS, type TraceEngine } from './engines.js';
import { nodeEngines, type NodeEngineOptions } from './nodeRuntime.js';
import { parentEndpoint } from './nodeThreadEndpoint.js';
import { serve } from './rpc.js';

const engines = nodeEngines(__dirname, workerData as NodeEngineOptions);
serve<TraceEngine>(engines.trace(), TRACE_ENGINE_METHODS, parentEndpoint(), MOVING_METHODS);
