import { expect, test } from 'vitest';
import { layOut, textVectors } from './map.ts';
import { mapPage } from './map-page.ts';

const nothing = async (): Promise<void> => {};

const texts = [
  ...Array.from({ length: 30 }, (_, index) => ({ prompt: `Is the review number ${index} positive?`, answer: 'Yes' })),
  ...Array.from({ length: 30 }, (_, index) => ({
    prompt: `Write a function in Rust that sorts ${index} words by length.`,
    answer: `Use sort_by_key with the length of each of the ${index} words, and collect them into a vector afterwards.`,
  })),
];

test('texts from one template lie together, apart from those of another', async () => {
  const places = await layOut(textVectors(texts), 1, nothing);
  const middle = (from: number): [number, number] => {
    const part = places.slice(from, from + 30);
    return [0, 1].map((axis) => part.reduce((sum, place) => sum + (place[axis] ?? 0), 0) / 30) as [number, number];
  };
  const [a, b] = [middle(0), middle(30)];
  const apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
  const nearer = places.filter(([x, y], index) => {
    const [own, other] = index < 30 ? [a, b] : [b, a];
    return Math.hypot(x - own[0], y - own[1]) < Math.hypot(x - other[0], y - other[1]);
  });
  expect(apart).toBeGreaterThan(0.2);
  expect(nearer.length).toBe(60);
  expect(places.flat().every((value) => value > 0 && value < 1)).toBe(true);
}, 20_000);

test('the same texts and seed give the same places', async () => {
  const some = textVectors(texts.slice(20, 40));
  expect(await layOut(some, 7, nothing)).toEqual(await layOut(some, 7, nothing));
}, 20_000);

test('lays out few records, and none', async () => {
  expect(await layOut([], 1, nothing)).toEqual([]);
  expect(await layOut(textVectors([{ prompt: '', answer: '' }]), 1, nothing)).toEqual([[0.5, 0.5]]);
});

test('a record cannot end the script or the data of the page', () => {
  const page = mapPage(
    JSON.stringify({ question: '</script><script>alert(1)</script>' }),
    'const a = "</script>";',
    'p{}',
  );
  expect(page.match(/<\/script/gu)).toHaveLength(2);
  expect(page).toContain("default-src 'none'");
});
