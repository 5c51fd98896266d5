/** Characters before a block that are looked at for the name of its file. */
const longestLead = 1000;

/** The text right before a block of code, with back quotes around the pieces of code in it. */
export function leadOf(block: Element): string {
  let before = block.previousElementSibling;
  // Finished blocks of Markdown and the last one stand in different parts.
  if (before === null) before = block.parentElement?.previousElementSibling?.lastElementChild ?? null;
  if (before === null || before.matches('.code-block')) return '';
  const copy = before.cloneNode(true);
  if (!(copy instanceof Element)) return '';
  for (const code of copy.querySelectorAll('code')) code.replaceWith(`\`${code.textContent}\``);
  return copy.textContent.trim().slice(-longestLead);
}
