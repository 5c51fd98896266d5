import { expect, it } from 'vitest';
import { MessageBox } from './message-box.ts';

it('streams a message in', () => {
  const box = { value: 'wip' };
  const message = new MessageBox(box);
  expect(message.before).toBe('wip');
  expect(message.show('Add')).toBe(true);
  expect(message.show('Add a cart')).toBe(true);
  expect(box.value).toBe('Add a cart');
});

it('brings back what the user had typed', () => {
  const box = { value: 'wip' };
  const message = new MessageBox(box);
  message.show('Add');
  message.restore();
  expect(box.value).toBe('wip');
});

it('leaves the box alone once the user types', () => {
  const box = { value: '' };
  const message = new MessageBox(box);
  message.show('Add');
  box.value = 'Add my own';
  expect(message.show('Add a cart')).toBe(false);
  message.restore();
  expect(box.value).toBe('Add my own');
});

it('is not misled by its own text that is reported back late', () => {
  const box = { value: '' };
  const message = new MessageBox(box);
  message.show('Add');
  message.show('Add a');
  box.value = 'Add';
  expect(message.show('Add a cart')).toBe(true);
});
