import { longestLine, parseItem } from './items.ts';
import type { Item } from './items.ts';

/**
 * Cuts a JSON array into its elements without holding more than one of them. It only follows strings and brackets;
 * whether
 * an element is JSON is for `JSON.parse` to say. In UTF-8 no byte of a longer character looks like one of ours.
 */
export class JsonArraySplitter {
  #parts: Buffer[] = [];
  #bytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #line = 1;
  #startLine = 1;
  #blank = true;

  push(chunk: Buffer): Item[] {
    const items: Item[] = [];
    // Outside of an element nothing is kept.
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === newline) this.#line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inString = false;
        continue;
      }
      if (byte === openBracket || byte === openBrace) {
        this.#depth++;
        if (this.#depth === 1) from = at + 1;
        else this.#begin();
      } else if (byte === closeBracket || byte === closeBrace) {
        this.#depth--;
        if (this.#depth === 0) this.#take(chunk.subarray(from, at), items);
      } else if (byte === comma && this.#depth === 1) {
        this.#take(chunk.subarray(from, at), items);
        from = at + 1;
      } else if (byte !== undefined && byte > space) {
        if (byte === quote) this.#inString = true;
        this.#begin();
      }
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(from));
    return items;
  }

  /** An array that was never closed leaves its last element behind, whole or not. */
  end(): Item[] {
    const items: Item[] = [];
    if (this.#depth > 0) this.#take(Buffer.alloc(0), items);
    return items;
  }

  #begin(): void {
    if (this.#blank) this.#startLine = this.#line;
    this.#blank = false;
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > longestLine) this.#parts = [];
    else this.#parts.push(bytes);
  }

  #take(bytes: Buffer, items: Item[]): void {
    this.#keep(bytes);
    if (!this.#blank) {
      items.push(
        this.#bytes > longestLine
          ? { line: this.#startLine, value: undefined, bad: 'lineTooLong' }
          : parseItem(Buffer.concat(this.#parts).toString('utf8'), this.#startLine),
      );
    }
    this.#parts = [];
    this.#bytes = 0;
    this.#blank = true;
  }
}

const newline = 10;
const space = 32;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
