/** A text that is no model configuration, or one whose layers cannot be told. Its message is for people. */
export class ModelConfigError extends Error {
  override readonly name = 'ModelConfigError';
}
