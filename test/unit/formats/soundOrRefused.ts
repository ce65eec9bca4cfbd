import { expect } from 'vitest';
import { TraceOpenError, type Trace } from '../../../src/trace/index.js';
import { sentenceProblems, unsoundParts } from '../../fuzz/soundness.js';
import { openBytes } from './reading.js';

/** A sound trace or a refusal with a sentence; anything else fails. */
export async function soundOrRefused(
  bytes: Uint8Array,
  name?: string,
): Promise<Trace | TraceOpenError> {
  try {
    const trace = await openBytes(bytes, name);
    expect(unsoundParts(trace)).toEqual([]);
    return trace;
  } catch (error) {
    if (error instanceof TraceOpenError) {
      expect(sentenceProblems(error.code, error.message)).toEqual([]);
      return error;
    }
    throw error;
  }
}
