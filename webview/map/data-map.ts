import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { DataMap, DataPoint } from '../../extension/protocol/data-map.ts';
import { t } from '../shared/l10n.ts';
import { PageElement } from '../shared/page-element.ts';
import { isInside, nearest, type Point } from './geometry.ts';
import { colourings, groupPoints, isKept, type Colouring, type Grouping } from './groups.ts';
import { paint } from './paint.ts';

/** What the page does with records that were chosen. */
export type ChooseEvent = CustomEvent<{ readonly ids: readonly string[] }>;

/**
 * The map of a data set: a dot for each record, drawn around to choose it. The mouse chooses with a lasso, the keyboard
 * by group and by words; both lead to the same list and the same button.
 */
export class DataMapView extends PageElement {
  static override properties = {
    data: { attribute: false },
    action: { attribute: false },
    by: { state: true },
    words: { state: true },
    chosen: { state: true },
    shown: { state: true },
  };

  declare data: DataMap | undefined;
  /** The text of the button for selected records. */
  declare action: string;
  declare by: Colouring;
  declare words: string;
  declare chosen: ReadonlySet<number>;
  /** The point whose texts are shown. */
  declare shown: number;
  #grouping: Grouping = { groups: [], of: [] };
  #lasso: Point[] = [];
  readonly #resized = new ResizeObserver(() => this.#paint());
  /** VS Code changes themes by the classes of the body. A standalone page follows the system. */
  readonly #themed = new MutationObserver(() => this.#paint());
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    super();
    this.action = t('List Selected Records');
    this.by = 'source';
    this.words = '';
    this.chosen = new Set();
    this.shown = -1;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#themed.observe(document.body, { attributes: true, attributeFilter: ['class'] });
    this.#scheme.addEventListener('change', this.#paint);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#themed.disconnect();
    this.#scheme.removeEventListener('change', this.#paint);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('data')) {
      this.chosen = new Set();
      this.shown = -1;
    }
    if (this.data !== undefined && (changed.has('data') || changed.has('by'))) {
      this.#grouping = groupPoints(this.data, this.by);
    }
  }

  protected override updated(): void {
    this.#paint();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { data } = this;
    if (data === undefined) return nothing;
    return html`
      <div class="map-tools">
        <label>${t('Colour by')} ${this.#colourSelect(data)}</label>
        <label class="map-find"
          >${t('Find')}
          <input
            type="search"
            .value=${this.words}
            @change=${(event: Event) => this.#find((event.target as HTMLInputElement).value)}
          />
        </label>
      </div>
      <canvas
        class="map-canvas"
        role="img"
        aria-label=${this.#description(data)}
        @pointerdown=${this.#begin}
        @pointermove=${this.#move}
        @pointerup=${this.#end}
        @pointercancel=${this.#cancel}
      ></canvas>
      <p class="map-hint">
        ${
          data.points.length < data.records
            ? t('A random sample of {0} of {1} records.', number(data.points.length), number(data.records))
            : t('{0} records.', number(data.records))
        }
        ${t('Draw around records to select them. Hold Shift to add to the selection. Rings are dropped records.')}
      </p>
      ${this.#legend()} ${this.#details(data)}
    `;
  }

  #colourSelect({ points }: DataMap): TemplateResult {
    const labels: Record<Colouring, string> = {
      source: t('source'),
      fate: t('outcome'),
      loss: t('loss'),
      family: t('duplicates'),
    };
    const offered = colourings.filter((by) => by !== 'loss' || points.some(({ loss }) => loss !== undefined));
    return html`<select @change=${(event: Event) => (this.by = (event.target as HTMLSelectElement).value as Colouring)}>
      ${offered.map((by) => html`<option value=${by} ?selected=${by === this.by}>${labels[by]}</option>`)}
    </select>`;
  }

  #legend(): TemplateResult {
    const { groups, of } = this.#grouping;
    return html`<ul class="map-legend" aria-label=${t('Groups')}>
      ${groups.map(({ label, colour, count }, group) => {
        const members = of.flatMap((other, index) => (other === group ? [index] : []));
        const pressed = members.length > 0 && members.every((index) => this.chosen.has(index));
        return html`<li>
          <button
            type="button"
            aria-pressed=${pressed}
            title=${t('Select all')}
            @click=${() => this.#choose(pressed ? [] : members, false)}
          >
            <svg class="map-swatch" viewBox="0 0 10 10" aria-hidden="true">
              <circle class=${`map-colour-${colour}`} cx="5" cy="5" r="5" />
            </svg>
            ${label} <span class="map-count">${number(count)}</span>
          </button>
        </li>`;
      })}
    </ul>`;
  }

  #details(data: DataMap): TemplateResult {
    const point = data.points[this.shown];
    const chosen = [...this.chosen].flatMap((index) => data.points[index] ?? []);
    return html`<div class="map-details">
      <p aria-live="polite" class="map-chosen">
        ${chosen.length === 0 ? t('No record is selected.') : t('{0} selected: {1}', number(chosen.length), sourcesOf(data, chosen))}
        ${
          chosen.length === 0
            ? nothing
            : html`<button type="button" class="map-action" @click=${() => this.#act(chosen)}>${this.action}</button>
                <button type="button" class="map-clear" @click=${() => this.#choose([], false)}>
                  ${t('Clear selection')}
                </button>`
        }
      </p>
      ${point === undefined ? nothing : recordText(data, point)}
      ${
        chosen.length === 0
          ? nothing
          : html`<details>
              <summary>${t('Some of the selected records')}</summary>
              ${chosen.slice(0, listed).map((each) => recordText(data, each))}
            </details>`
      }
    </div>`;
  }

  #description(data: DataMap): string {
    const groups = this.#grouping.groups.map(({ label, count }) => `${label}: ${number(count)}`).join(', ');
    return `${t('Map of {0} records. Records with similar words are close together.', number(data.points.length))} ${groups}`;
  }

  #act(chosen: readonly DataPoint[]): void {
    const detail = { ids: chosen.map(({ id }) => id) };
    this.dispatchEvent(new CustomEvent('choose', { detail, bubbles: true }));
  }

  #find(words: string): void {
    this.words = words;
    const wanted = words.trim().toLowerCase();
    const points = this.data?.points ?? [];
    const found = points.flatMap(({ question, answer }, index) =>
      wanted !== '' && `${question}\n${answer}`.toLowerCase().includes(wanted) ? [index] : [],
    );
    this.#choose(found, false);
  }

  #choose(indices: readonly number[], add: boolean): void {
    this.chosen = new Set([...(add ? this.chosen : []), ...indices]);
  }

  readonly #begin = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    (event.target as HTMLCanvasElement).setPointerCapture(event.pointerId);
    this.#lasso = [pointOf(event)];
  };

  readonly #move = (event: PointerEvent): void => {
    if (this.#lasso.length > 0) {
      this.#lasso = [...this.#lasso, pointOf(event)];
      this.#paint();
      return;
    }
    const at = nearest(this.data?.points ?? [], pointOf(event), 0.015);
    if (at >= 0) this.shown = at;
  };

  readonly #end = (event: PointerEvent): void => {
    const lasso = this.#lasso;
    this.#lasso = [];
    const points = this.data?.points ?? [];
    if (lasso.length < 3) {
      const at = nearest(points, pointOf(event), 0.02);
      this.shown = at;
      this.#choose(at < 0 ? [] : [at], event.shiftKey);
    } else {
      const inside = points.flatMap((point, index) => (isInside(point, lasso) ? [index] : []));
      this.#choose(inside, event.shiftKey);
    }
    this.requestUpdate();
  };

  readonly #cancel = (): void => {
    this.#lasso = [];
    this.#paint();
  };

  readonly #paint = (): void => {
    const canvas = this.querySelector('canvas');
    const { data } = this;
    if (canvas === null || data === undefined) return;
    const kept = data.points.map((point) => isKept(data, point));
    const colours = this.#grouping.of.map((group) => this.#grouping.groups[group]?.colour ?? 0);
    paint(canvas, { points: data.points, colours, kept, chosen: this.chosen, shown: this.shown, lasso: this.#lasso });
  };
}

const listed = 30;

/** In the unit square, as the points are. */
function pointOf(event: PointerEvent): Point {
  const { width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.offsetX / width, y: event.offsetY / height };
}

function recordText(data: DataMap, point: DataPoint): TemplateResult {
  const { id, question, answer, source, fate, loss, family } = point;
  const facts = [
    data.sources[source] ?? '',
    data.fates[fate] ?? '',
    ...(loss === undefined ? [] : [t('loss {0}', loss.toFixed(2))]),
    ...(family > 1 ? [t('{0} alike', number(family))] : []),
    id,
  ];
  return html`<dl class="map-record">
    <dt>${facts.join(' · ')}</dt>
    <dd class="map-question">${question}</dd>
    <dd>${answer}</dd>
  </dl>`;
}

function sourcesOf({ sources }: DataMap, points: readonly DataPoint[]): string {
  const counts = new Map<number, number>();
  for (const { source } of points) counts.set(source, (counts.get(source) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([source, count]) => `${sources[source] ?? ''} ${number(count)}`)
    .join(', ');
}

function number(value: number): string {
  return value.toLocaleString();
}
