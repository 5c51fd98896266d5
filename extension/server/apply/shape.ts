import { readShape, type SelectionShape } from '../prompt/edit-reply.ts';
import type { Span } from '../syntax/nodes.ts';

/** How a part of a text sits in it. In a text without indentation the code keeps its own. */
export function shapeIn(text: string, { start, end }: Span, code: string): SelectionShape {
  const shape = readShape({ before: text.slice(0, start), selection: text.slice(start, end), after: text.slice(end) });
  if (/^[ \t]+\S/mu.test(text)) return shape;
  return { ...shape, indentUnit: /^\t/mu.test(code) ? '\t' : '  ' };
}
