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
};

/** Changes a document as a user does, and tells the proposal. */
function typing(proposal: Proposal) {
  let text = document;
  return {
    change(change: TextChange): void {
      text = text.slice(0, change.offset) + change.text + text.slice(change.offset + change.length);
      proposal.follow([change], text);
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
    const proposal = new Proposal({ ...record, fault: '"}" is missing' });
    expect(new Proposal(proposal.record).record).toEqual(proposal.record);
  });
});
