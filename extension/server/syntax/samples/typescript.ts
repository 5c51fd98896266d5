interface Point {
  readonly x: number;
  readonly y: number;
}

type Shape = { kind: 'circle'; radius: number } | { kind: 'square'; side: number };

export const origin: Point = { x: 0, y: 0 };

export function area(shape: Shape): number {
  switch (shape.kind) {
    case 'circle':
      return Math.PI * shape.radius ** 2;
    case 'square':
      return shape.side * shape.side;
  }
}

export abstract class Store<T extends object> {
  private readonly values: Record<string, T> = {};

  constructor(private readonly name: string) {}

  get(key: string): T | undefined {
    try {
      return this.values[key];
    } catch (error) {
      console.error(this.name, error);
      return undefined;
    } finally {
      this.touch(key);
    }
  }

  protected abstract touch(key: string): void;
}

export const distance = (a: Point, b: Point): number => {
  const [dx, dy] = [a.x - b.x, a.y - b.y];
  return Math.sqrt(dx * dx + dy * dy);
};
