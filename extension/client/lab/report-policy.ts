/**
 * Adds our content security policy to a page of a project folder, which is untrusted. A browser enforces all policies
 * of a page, so ours can only restrict it.
 */
export function underPolicy(page: string): string {
  // In front of everything, where nothing of the page can come before it. What the page brings of `html` and `head`
  // is merged by the parser.
  return `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" content="${policy}">${page}`;
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
