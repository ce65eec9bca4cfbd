/**
 * C0 and C1 controls; the soft hyphen; zero-width and directional marks, embeddings, overrides and
 * isolates (Unicode Bidi_Control and Default_Ignorable that have no width); line and paragraph
 * separators; the byte order mark; interlinear marks; tag characters; lone surrogates.
 */
export const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}]|[\u{e0000}-\u{e007f}]/gu;
