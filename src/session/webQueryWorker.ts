import { QUERY_ENGINE_METHODS, type QueryEngine } from './engines.js';
import { serve } from './rpc.js';
import { webEngines } from './webRuntime.js';
import { openParentChannel } from './webWorkerEndpoint.js';

const { start, endpoint } = openParentChannel();
serve<QueryEngine>(webEngines(start).query(), QUERY_ENGINE_METHODS, endpoint);
