import { StatementError, prepareStatement } from '../query/dialect.js';
import { readableTokens } from './statementNames.js';

export interface Problem {
  readonly message: string;
  /** the part of the text it is about, as offsets */
  readonly start: number;
  readonly end: number;
}

/** Why a trace SQL text would be refused before it ran; nothing for an empty document. */
export function diagnose(text: string): readonly Problem[] {
  try {
    prepareStatement(text);
    return [];
  } catch (error) {
    if (!(error instanceof StatementError)) {
      throw error;
    }
    const isEmpty = error.start === 0 && readableTokens(text).length === 0;
    return isEmpty && !/\S/.test(text)
      ? []
      : [{ message: error.message, start: error.start, end: error.end }];
  }
}
