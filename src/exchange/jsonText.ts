import type { Trace } from '../trace/index.js';

/** Characters that a terminal or an editor would obey; JSON may hold them as they are. */
const OBEYED = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A value as JSON, with everything escaped that is no plain text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    OBEYED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The strings of a trace as JSON by id, each made once. */
export function jsonNames(trace: Trace): (id: number) => string {
  const made: (string | undefined)[] = [];
  return (id) => (made[id] ??= jsonText(trace.names.get(id)));
}

/** An id as the number it is, or as text. */
export function jsonId(text: string): string {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? text : jsonText(text);
}
