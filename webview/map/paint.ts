import type { Point } from './geometry.ts';
import { colourCount } from './groups.ts';

export interface Picture {
  readonly points: readonly Point[];
  /** Of each point, the number of its colour. */
  readonly colours: readonly number[];
  readonly kept: readonly boolean[];
  readonly chosen: ReadonlySet<number>;
  readonly shown: number;
  readonly lasso: readonly Point[];
}

/** Draws the whole map. The canvas is as large as the style sheet makes it; colours come from there too. */
export function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  const scale = window.devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext('2d');
  if (context === null || width === 0) return;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const style = getComputedStyle(canvas);
  const colours = Array.from({ length: colourCount }, (_, number) => style.getPropertyValue(`--map-${number}`).trim());
  const ink = style.color;
  const dot = Math.max(1.6, Math.min(4, 70 / Math.sqrt(picture.points.length)));
  const someChosen = picture.chosen.size > 0;
  picture.points.forEach(({ x, y }, index) => {
    const isChosen = picture.chosen.has(index);
    context.globalAlpha = someChosen && !isChosen ? 0.18 : 0.75;
    circle(context, x * width, y * height, dot);
    const colour = colours[picture.colours[index] ?? 0] ?? ink;
    // Dropped records are rings, so that colour is not needed to see them.
    if (picture.kept[index] === true) {
      context.fillStyle = colour;
      context.fill();
    } else {
      context.strokeStyle = colour;
      context.lineWidth = 1.2;
      context.stroke();
    }
  });
  context.globalAlpha = 1;
  context.strokeStyle = ink;
  const shown = picture.points[picture.shown];
  if (shown !== undefined) {
    context.lineWidth = 2;
    circle(context, shown.x * width, shown.y * height, dot + 4);
    context.stroke();
  }
  if (picture.lasso.length > 1) {
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    for (const { x, y } of picture.lasso) context.lineTo(x * width, y * height);
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
