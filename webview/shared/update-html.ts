/**
 * Brings an element's contents to new HTML by changing only what differs. Text that grows many times a second would
 * otherwise replace its buttons between the press and the release of a click.
 */

/** `html` is sanitised already. */
export function updateHtml(element: Element, html: string): void {
  const template = document.createElement('template');
  template.innerHTML = html;
  updateChildren(element, template.content);
}

function updateChildren(shown: Node, wanted: Node): void {
  const next = [...wanted.childNodes];
  const now = [...shown.childNodes];
  next.forEach((node, index) => {
    const old = now[index];
    if (old === undefined) shown.appendChild(node);
    else if (!updateNode(old, node)) shown.replaceChild(node, old);
  });
  for (const old of now.slice(next.length)) shown.removeChild(old);
}

/** False: the element must be replaced. */
function updateNode(shown: Node, wanted: Node): boolean {
  if (shown.nodeName !== wanted.nodeName) return false;
  if (shown.isEqualNode(wanted)) return true;
  if (shown instanceof Element && wanted instanceof Element) {
    updateAttributes(shown, wanted);
    updateChildren(shown, wanted);
  } else if (shown.nodeValue !== wanted.nodeValue) shown.nodeValue = wanted.nodeValue;
  return true;
}

function updateAttributes(shown: Element, wanted: Element): void {
  for (const name of shown.getAttributeNames()) if (!wanted.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
}
