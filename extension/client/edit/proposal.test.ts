import { describe, expect, it } from 'vitest';
import type { TextChange } from './hunks.ts';
import { Proposal } from './proposal.ts';

const document = 'one\ntwo\nthree\nfour\nfive\n';
const record = {
  id: '1',
  uri: 'file:///a',
  title: 'Simplify',
  start: 4,
  base: 'two\nthree\nfour\n',
  proposed: 'two\nTHREE\nfour\n',
  languageId: 'plaintext',
  notes: [],
  asked: ['Simplify'],
};

/** Changes a document as a user does, and tells the proposal. */
function typing(proposal: Proposal) {
  let text = document;
  return {
    change(change: TextChange): void {
      text = text.slice(0, change.offset) + change.text + text.slice(change.offset + change.length);
      proposal.follow([change]);
      proposal.check((start, length) => text.slice(start, start + length));
    },
    get text(): string {
      return text;
    },
  };
}

describe('Proposal', () => {
  it('moves with what is typed above, and takes along what is typed beside its hunks', () => {
    const proposal = new Proposal(record);
    const user = typing(proposal);
    user.change({ offset: 0, length: 0, text: 'zero\n' });
    user.change({ offset: user.text.indexOf('two') + 3, length: 0, text: '!' });
    expect(proposal.state.kind).toBe('ready');
    expect(proposal.record).toMatchObject({ start: 9, base: 'two!\nthree\nfour\n', proposed: 'two!\nTHREE\nfour\n' });
  });

  it('pauses when its lines are changed, and goes on when that is undone', () => {
    const proposal = new Proposal(record);
    const user = typing(proposal);
    user.change({ offset: 9, length: 1, text: 'H' });
    expect(proposal.state.kind).toBe('paused');
    user.change({ offset: 0, length: 0, text: 'zero\n' });
    user.change({ offset: 14, length: 1, text: 'h' });
    expect(proposal.state.kind).toBe('ready');
    expect(user.text.startsWith(proposal.base, proposal.start)).toBe(true);
  });

  it('is the same after a reload', () => {
    const proposal = new Proposal({ ...record, notes: [{ kind: 'warning', text: '"}" is missing' }] });
    expect(new Proposal(proposal.record).record).toEqual(proposal.record);
  });

  it('carries over what is typed while it is written', () => {
    const proposal = new Proposal(
      { ...record, proposed: record.base },
      { kind: 'writing', progress: { phase: 'writing' } },
    );
    const user = typing(proposal);
    user.change({ offset: 0, length: 0, text: 'zero\n' });
    proposal.append('two\nTHREE\n', { head: '', tail: '', eol: '\n' });
    expect(proposal.hunks).toHaveLength(1);
    user.change({ offset: user.text.indexOf('two') + 3, length: 0, text: '!' });
    expect(proposal.hunks).toHaveLength(0);
    user.change({ offset: 0, length: 5, text: '' });
    expect(proposal.finish('two\nTHREE\nfour\n', [])).toBe(true);
    expect(proposal.record).toMatchObject({ start: 4, base: 'two!\nthree\nfour\n', proposed: 'two!\nTHREE\nfour\n' });
    expect(proposal.state.kind).toBe('ready');
  });

  it('is paused when what it replaces was changed while it was written', () => {
    const proposal = new Proposal(
      { ...record, proposed: record.base },
      { kind: 'writing', progress: { phase: 'writing' } },
    );
    const user = typing(proposal);
    user.change({ offset: user.text.indexOf('three'), length: 1, text: 'T' });
    proposal.finish('two\nTHREE\nfour\n', []);
    proposal.check((start, length) => user.text.slice(start, start + length));
    expect(proposal.state).toEqual({ kind: 'paused', reason: 'changed' });
    user.change({ offset: user.text.indexOf('Three'), length: 1, text: 't' });
    expect(proposal.state.kind).toBe('ready');
  });

  it('is paused while its document is gone', () => {
    const proposal = new Proposal(record);
    proposal.check(() => undefined);
    expect(proposal.state).toEqual({ kind: 'paused', reason: 'missing' });
  });
});
