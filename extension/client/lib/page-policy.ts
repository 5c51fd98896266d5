/** The content security policy of our pages. Pure: the tests of the pages use the same. */

/** `source` is where the page's own files come from. Nothing names the network. */
export function pagePolicy({ nonce, source }: { readonly nonce: string; readonly source: string }): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} data:`,
    // The default does not cover these.
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
