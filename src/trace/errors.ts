/** Why a trace could not be opened; the message is the sentence the user reads. */
export type OpenErrorCode =
  | 'not-found'
  | 'unreadable'
  | 'empty'
  | 'not-a-trace'
  | 'damaged'
  | 'too-large'
  /** it unpacks to more than is unpacked unasked: the user may want it all the same */
  | 'unpacks-large'
  | 'unsupported'
  | 'cancelled';

export class TraceOpenError extends Error {
  override readonly name = 'TraceOpenError';

  /**
   * @param message one or two sentences: what was found and what to do
   * @param looksLike what the content is, where it was recognised ("a DLProf database")
   * @param tables tables found in a SQLite file that is no trace
   */
  constructor(
    readonly code: OpenErrorCode,
    message: string,
    readonly looksLike = '',
    readonly tables: readonly string[] = [],
  ) {
    super(message);
  }
}
