import { QUERY_ENGINE_METHODS, type QueryEngine } from './engines.js';
import { nodeEngines } from './nodeRuntime.js';
import { parentEndpoint } from './nodeThreadEndpoint.js';
import { serve } from './rpc.js';

serve<QueryEngine>(nodeEngines(__dirname).query(), QUERY_ENGINE_METHODS, parentEndpoint());
