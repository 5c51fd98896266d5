/** Cuts a title behind its size, e.g. `Qwen2.5 Coder 1.5B Instruct`: the size stays readable when space is short. */
export function splitSize(title: string): { readonly before: string; readonly size: string } {
  const match = /^(.*?\S)\s+(\d+(?:\.\d+)?[BM])\b/u.exec(title.slice(0, 200));
  return { before: match?.[1] ?? title, size: match?.[2] ?? '' };
}
