// Where things live that are downloaded once for all clones: never inside a clone.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `LAYERSCOPE_CACHE`, else `$XDG_CACHE_HOME/layerscope`, else `~/.cache/layerscope`. */
export function cacheFolder() {
  const { LAYERSCOPE_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  if (own) {
    return resolve(own);
  }
  return join(shared ? resolve(shared) : join(homedir(), '.cache'), 'layerscope');
}
