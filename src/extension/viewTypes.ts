/** A custom editor as the manifest declares it: its view type, and patterns like "*.db". */
export interface DeclaredEditor {
  readonly viewType: string;
  readonly selector: readonly { readonly filenamePattern: string }[];
}

/**
 * The view type that VS Code lists for a file of this name: under another one the editor has no name
 * to show but its identifier.
 *
 * @param editors what the manifest declares, at least one; the first serves files that none is declared for
 */
export function viewTypeOf(fileName: string, editors: readonly DeclaredEditor[]): string {
  const name = fileName.toLowerCase();
  const declared = editors.find(({ selector }) =>
    selector.some(({ filenamePattern }) => name.endsWith(filenamePattern.replace(/^\*/, ''))),
  );
  return (declared ?? editors[0]).viewType;
}
