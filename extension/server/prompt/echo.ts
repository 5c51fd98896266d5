/** Takes off a reply's code what the model repeats of its prompt. */

/** What stands around the code that is replaced. */
export interface Place {
  /** The code that is replaced. */
  readonly core: string;
  /** The text beside it on its first and on its last line, trimmed. */
  readonly besideStart: string;
  readonly besideEnd: string;
  /** The lines with code nearest before and after it, trimmed, in the order of the document. */
  readonly linesBefore: readonly string[];
  readonly linesAfter: readonly string[];
}

/** The reply up to the first of our own sentences that the code itself does not have. */
export function beforePrompt(reply: string, core: string, phrases: readonly string[]): string {
  const foreign = phrases.filter((phrase) => !core.includes(phrase));
  const starts = foreign.map((phrase) => reply.indexOf(phrase)).filter((at) => at >= 0);
  if (starts.length === 0) return reply;
  return reply.slice(0, reply.lastIndexOf('\n', Math.min(...starts)) + 1);
}

/**
 * Removes repeated surroundings: the lines just before the selection, those just after it, and the rest of its own
 * first and last line. What the selection itself begins or ends with is no echo.
 */
export function withoutEcho(lines: readonly string[], place: Place): readonly string[] {
  const original = codeLines(place.core);
  const head = original[0] === lines[0]?.trim() ? 0 : echoLength(lines, place.linesBefore);
  const rest = lines.slice(head);
  const tail = original.at(-1) === rest.at(-1)?.trim() ? 0 : tailEcho(rest, place, head > 0);
  return withoutLineEcho(trimBlankLines(rest.slice(0, rest.length - tail)), place);
}

/** How many of the last lines repeat what follows. A bracket or an `end` alone counts only where it is one too many. */
function tailEcho(lines: readonly string[], { core, linesAfter }: Place, headWasRepeated: boolean): number {
  const length = echoLength([...lines].reverse(), [...linesAfter].reverse());
  if (length === 0) return 0;
  const kept = lines.slice(0, lines.length - length);
  const change = imbalance(kept.join('\n'), core) - imbalance(lines.join('\n'), core);
  const saysMuch = lines.slice(-length).some((line) => !closingLine.test(line.trim()));
  return change < 0 || (change === 0 && (saysMuch || headWasRepeated)) ? length : 0;
}

const closingLine = /^(?:[\s\p{P}\p{S}]*|end|fi|done|esac|else|else:|break;?|pass|return;?)$/u;

/** `x = ` before and `;` after a selected expression, repeated with it. */
function withoutLineEcho(lines: readonly string[], { core, besideStart, besideEnd }: Place): readonly string[] {
  let code = lines.join('\n');
  const start = code.trimStart();
  if (besideStart.length > 1 && start.startsWith(besideStart) && !core.startsWith(besideStart)) {
    code = start.slice(besideStart.length).trimStart();
  }
  if (besideEnd !== '' && code.endsWith(besideEnd) && !core.endsWith(besideEnd)) {
    const cut = code.slice(0, -besideEnd.length).trimEnd();
    const change = imbalance(cut, core) - imbalance(code, core);
    if (cut !== '' && (change < 0 || (change === 0 && /[;,\p{L}]/u.test(besideEnd)))) code = cut;
  }
  return code.split('\n');
}

/** How far the brackets of a text are from being as open as those of another. */
function imbalance(text: string, other: string): number {
  return ['{}', '()', '[]'].reduce((sum, pair) => sum + Math.abs(depth(text, pair) - depth(other, pair)), 0);
}

function depth(text: string, pair: string): number {
  let open = 0;
  for (const character of text) {
    if (character === pair[0]) open += 1;
    else if (character === pair[1]) open -= 1;
  }
  return open;
}

/** How many of the first lines repeat the end of `context`, blank lines between them included. */
function echoLength(lines: readonly string[], context: readonly string[]): number {
  for (let start = 0; start < context.length; start += 1) {
    let at = 0;
    let matched = start;
    while (matched < context.length && at < lines.length) {
      const line = lines[at]?.trim() ?? '';
      if (line !== '' && line !== context[matched]) {
        break;
      }
      matched += line === '' ? 0 : 1;
      at += 1;
    }
    if (matched === context.length) {
      return at;
    }
  }
  return 0;
}

export function codeLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function trimBlankLines(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trim() !== '');
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line.trim() !== '') + 1);
}
