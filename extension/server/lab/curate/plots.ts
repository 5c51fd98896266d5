/** The funnel as a picture. */
import { figure, markup, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import type { FunnelStep } from './report.ts';

const size = { width: 720, row: 26, label: 110, number: 170 };

export function funnelFigure(funnel: readonly Pick<FunnelStep, 'step' | 'dropped' | 'left'>[]): Html {
  const shown = funnel.filter(({ dropped }, index) => index === 0 || dropped > 0);
  const most = Math.max(1, funnel[0]?.left ?? 1);
  const room = size.width - size.label - size.number;
  const words = shown.map(({ step, left }) => `${step} ${number(left)}`).join(', ');
  const bars = shown.map(({ step, dropped, left }, row) => {
    const width = (room * left) / most;
    const y = row * size.row;
    const text = dropped === 0 ? number(left) : `${number(left)} (${number(dropped)} dropped)`;
    return markup`<text x="${size.label - 8}" y="${y + 17}" text-anchor="end">${step}</text
      ><rect class="first" x="${size.label}" y="${y + 4}" width="${Math.max(1, Math.round(width))}" height="${size.row - 8}" /><text
        class="soft"
        x="${size.label + Math.round(width) + 8}"
        y="${y + 17}"
        >${text}</text
      >`;
  });
  const plot = markup`<svg viewBox="0 0 ${size.width} ${shown.length * size.row}" role="img" aria-label="Records left after each step: ${words}">
    ${bars}
  </svg>`;
  return figure(
    plot,
    'Records that are left after each step; steps that dropped nothing are left out.',
    table(
      'Funnel',
      ['step', 'dropped', 'left'],
      funnel.map(({ step, dropped, left }) => [step, number(dropped), number(left)]),
    ),
  );
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
