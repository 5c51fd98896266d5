/** Geometry of the map. Pure. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** By the even-odd rule; the polygon is closed by itself. */
export function isInside({ x, y }: Point, polygon: readonly Point[]): boolean {
  let inside = false;
  let before = polygon.at(-1);
  for (const corner of polygon) {
    if (before !== undefined && corner.y > y !== before.y > y) {
      const crossing = before.x + ((y - before.y) / (corner.y - before.y)) * (corner.x - before.x);
      if (x < crossing) inside = !inside;
    }
    before = corner;
  }
  return inside;
}

/** Index of the nearest within `reach`; -1 when there is none. */
export function nearest(places: readonly Point[], to: Point, reach: number): number {
  let [found, least] = [-1, reach * reach];
  places.forEach(({ x, y }, index) => {
    const square = (x - to.x) ** 2 + (y - to.y) ** 2;
    if (square <= least) [found, least] = [index, square];
  });
  return found;
}
