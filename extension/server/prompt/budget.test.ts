import { describe, expect, test } from 'vitest';
import { packTurns, shareSurroundings } from './budget.ts';
import type { Packing, TurnCost } from './budget.ts';

const user = (message: number, ...attachments: number[]): TurnCost => ({ role: 'user', message, attachments });
const assistant = (message: number): TurnCost => ({ role: 'assistant', message, attachments: [] });

function total(turns: readonly TurnCost[], packing: Packing): number {
  return (
    turns.slice(packing.firstTurn).reduce((sum, turn) => sum + turn.message, 0) +
    packing.grants.flat().reduce((sum, grant) => sum + grant, 0)
  );
}

describe('packTurns', () => {
  test('keeps everything that fits', () => {
    expect(packTurns([user(10, 5), assistant(20), user(10, 7)], 52)).toEqual({ firstTurn: 0, grants: [[5], [], [7]] });
  });

  test('says when the last message alone is too long', () => {
    expect(packTurns([user(10), assistant(10), user(101)], 100)).toBeUndefined();
  });

  test('drops old attachments before old turns, oldest first', () => {
    expect(packTurns([user(10, 300), assistant(20), user(10, 300), assistant(20), user(10)], 400)).toEqual({
      firstTurn: 0,
      grants: [[0], [], [300], [], []],
    });
  });

  test('begins with a message of the user', () => {
    const packing = packTurns([user(50), assistant(50), user(50), assistant(50), user(50)], 200);
    expect(packing?.firstTurn).toBe(2);
  });

  test('cuts the last attachments in order, and leaves out crumbs', () => {
    expect(packTurns([user(10, 60, 60, 60)], 150)?.grants).toEqual([[60, 60, 0]]);
    expect(packTurns([user(10, 60, 60, 60)], 180)?.grants).toEqual([[60, 60, 50]]);
  });

  test('the cut stays where it is while a conversation grows by a quarter', () => {
    const turns: TurnCost[] = [];
    const cuts: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      turns.push(user(20));
      cuts.push(packTurns(turns, 1000)?.firstTurn ?? -1);
      turns.push(assistant(30));
    }
    expect(new Set(cuts).size).toBeLessThan(8);
    expect([...cuts].sort((a, b) => a - b)).toEqual(cuts);
  });

  test('never exceeds the budget', () => {
    for (let seed = 1; seed < 500; seed += 1) {
      const value = (n: number): number => (seed * 7919 * (n + 1)) % 211;
      const turns = Array.from({ length: 1 + 2 * (seed % 6) }, (_, n) =>
        n % 2 === 0 ? user(value(n), value(n + 9), value(n + 5)) : assistant(value(n)),
      );
      const budget = 20 + seed;
      const packing = packTurns(turns, budget);
      expect(packing === undefined ? true : total(turns, packing) <= budget).toBe(true);
    }
  });
});

test('surroundings: two thirds before, and what one side leaves goes to the other', () => {
  expect(shareSurroundings(1000, 1000, 300)).toEqual({ before: 200, after: 100 });
  expect(shareSurroundings(50, 1000, 300)).toEqual({ before: 50, after: 250 });
  expect(shareSurroundings(1000, 20, 300)).toEqual({ before: 280, after: 20 });
  expect(shareSurroundings(10, 10, -5)).toEqual({ before: 0, after: 0 });
});
