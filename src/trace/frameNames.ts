import type { Frame } from './columns.js';

/** `modeling_x.py(699): forward` as the PyTorch profiler names Python rows. */
const WITH_LINE = /^(.*?)\((\d+)\): (.*)$/s;
const MODULE_PREFIX = 'nn.Module: ';

/**
 * A Python row of the PyTorch profiler as a frame. Built-in functions ("<built-in method linear of type
 * object at 0x…>") have no file.
 */
export function pythonFrame(name: string): Frame {
  const match = WITH_LINE.exec(name);
  return match === null
    ? { file: '', line: 0, function: name, library: '' }
    : { file: match[1], line: Number(match[2]), function: match[3], library: '' };
}

/** "NemotronHModel_0" of "nn.Module: NemotronHModel_0"; other names as they are. */
export function moduleName(name: string): string {
  return name.startsWith(MODULE_PREFIX) ? name.slice(MODULE_PREFIX.length) : name;
}
