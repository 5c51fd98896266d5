/**
 * Which code of other files a prompt holds. It stands at the prompt's beginning, and the engine reads again everything
 * behind a change. So a document keeps its choice from key to key:
 *
 * - It is kept while the document imports the same and has the same budget, the definitions that are needed most are in
 *   it with their present text, and recent places are not much more alike than its own.
 * - A needed definition that is missing is added at the end while the budget lasts: what stands before it stays read.
 * - Else everything is chosen anew.
 */
import type { Alike, Likeness } from './alike.ts';
import type { Excerpt } from './excerpt.ts';
import { holds } from './excerpt.ts';
import { LatestMap } from './latest-map.ts';

/** What there is to choose from; the most helpful first. */
export interface Found {
  /** Says what the document imports. */
  readonly imports: string;
  readonly definitions: readonly Excerpt[];
  readonly alike: readonly Alike[];
  readonly likenessOf: Likeness;
}

interface Kept {
  readonly imports: string;
  readonly budget: number;
  /** In the order of the prompt. */
  readonly excerpts: readonly Excerpt[];
  readonly places: readonly Excerpt[];
  readonly tokens: number;
}

/** Definitions that must be in a choice that is kept. */
const mostNeeded = 3;
/** How much more alike other places must be. */
const payingFactor = 1.5;
const payingScore = 0.1;
const mostDocuments = 16;

/** The tokens that an excerpt takes in the prompt. */
type Cost = (excerpt: Excerpt) => number;

export class ContextChoice {
  /** By document. */
  readonly #kept = new LatestMap<Kept>(mostDocuments);

  /** Excerpts of at most `budget` tokens, the most helpful last. */
  choose(document: string, found: Found, budget: number, cost: Cost): readonly Excerpt[] {
    const kept = this.#kept.get(document);
    const next = (kept && goneOn(kept, found, budget, cost)) ?? chooseAnew(found, budget, cost);
    this.#kept.set(document, next);
    return next.excerpts;
  }
}

/** The kept choice, or with what it lacks; undefined when it has to be made anew. */
function goneOn(kept: Kept, found: Found, budget: number, cost: Cost): Kept | undefined {
  if (kept.imports !== found.imports || kept.budget !== budget || paysToChange(kept, found, budget, cost)) {
    return undefined;
  }
  const needed = fitting(found.definitions.slice(0, mostNeeded), budget, cost).excerpts;
  const missing = needed.filter((excerpt) => !kept.excerpts.some((one) => isIn(excerpt, one)));
  if (missing.length === 0) return kept;
  const isStale = missing.some((excerpt) => kept.excerpts.some((one) => isSamePlace(excerpt, one)));
  const added = fitting(missing, budget - kept.tokens, cost);
  if (isStale || added.excerpts.length < missing.length) return undefined;
  const excerpts = [...kept.excerpts, ...added.excerpts.toReversed()];
  return { ...kept, excerpts, tokens: kept.tokens + added.tokens };
}

/** Definitions stand first, since they change less often, and may use the whole budget; places get what is left. */
function chooseAnew({ imports, definitions, alike }: Found, budget: number, cost: Cost): Kept {
  const named = fitting(definitions, budget, cost);
  const places = fitting(newIn(alike, named.excerpts), budget - named.tokens, cost);
  return {
    imports,
    budget,
    excerpts: [...named.excerpts.toReversed(), ...places.excerpts.toReversed()],
    places: places.excerpts,
    tokens: named.tokens + places.tokens,
  };
}

function paysToChange(kept: Kept, { alike, likenessOf }: Found, budget: number, cost: Cost): boolean {
  const total = (excerpts: readonly Excerpt[]): number => excerpts.reduce((sum, { text }) => sum + likenessOf(text), 0);
  const used = kept.places.reduce((sum, excerpt) => sum + cost(excerpt), 0);
  const room = budget - kept.tokens + used;
  const definitions = kept.excerpts.filter((excerpt) => !kept.places.includes(excerpt));
  const best = fitting(newIn(alike, definitions), room, cost).excerpts;
  return total(best) > payingFactor * total(kept.places) + payingScore;
}

/** Places that the definitions do not hold already. */
function newIn(alike: readonly Alike[], definitions: readonly Excerpt[]): readonly Excerpt[] {
  const isHeld = ({ path, ranges }: Excerpt): boolean =>
    ranges.every(({ startLine }) => definitions.some((one) => one.path === path && holds(one.ranges, startLine)));
  return alike.map(({ excerpt }) => excerpt).filter((excerpt) => !isHeld(excerpt));
}

/** Those that fit, in their order; one that is too large leaves room for those behind it. */
function fitting(excerpts: readonly Excerpt[], budget: number, cost: Cost) {
  const kept: Excerpt[] = [];
  let tokens = 0;
  for (const excerpt of excerpts) {
    const own = tokens < budget ? cost(excerpt) : 0;
    if (own === 0 || tokens + own > budget) continue;
    kept.push(excerpt);
    tokens += own;
  }
  return { excerpts: kept, tokens };
}

/** Whether the model reads the excerpt's beginning in the other one, with its present text. */
function isIn(excerpt: Excerpt, other: Excerpt): boolean {
  const isSame = excerpt.ranges.length === other.ranges.length && excerpt.ranges.at(-1)?.endLine === lastLine(other);
  return isSamePlace(excerpt, other) && (!isSame || excerpt.text === other.text);
}

function isSamePlace({ path, ranges: [first] }: Excerpt, other: Excerpt): boolean {
  return path === other.path && first !== undefined && holds(other.ranges, first.startLine);
}

function lastLine({ ranges }: Excerpt): number | undefined {
  return ranges.at(-1)?.endLine;
}
