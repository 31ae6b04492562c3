import { describe, expect, it } from 'vitest';
import { Fault } from './api';
import { read } from './long';

/** A reader of these bytes in pieces of `size`. */
function pieces(bytes: Uint8Array, size: number) {
  const stream = new ReadableStream<Uint8Array>({
    start(to) {
      for (let at = 0; at < bytes.length; at += size) to.enqueue(bytes.slice(at, at + size));
      to.close();
    },
  });
  return stream.getReader();
}
const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)));

describe('long work', () => {
  const file = [10, 0, 255, 10, 123];
  const whole = bytes(
    '{"progress":{"cases":1}}\n{"progress":{"cases":2}}\n',
    `{"done":{"cases":2},"file":{"name":"表.csv","bytes":${file.length}}}\n`,
    file,
  );

  it.each([1, 2, 7, 64, 4096])('is followed whatever the pieces it comes in: %i', async (size) => {
    const told: number[] = [];
    const ended = await read<{ cases: number }, { cases: number }>(pieces(whole, size), (how) => told.push(how.cases));
    expect(told).toEqual([1, 2]);
    expect(ended.done).toEqual({ cases: 2 });
    expect(ended.file?.name).toBe('表.csv');
    expect([...new Uint8Array((await ended.file?.blob.arrayBuffer()) ?? new ArrayBuffer(0))]).toEqual(file);
  });

  it('may have no file', async () => {
    const ended = await read(pieces(bytes('{"done":{},"file":null}\n'), 5), () => undefined);
    expect(ended.file).toBeUndefined();
  });

  it('tells a problem as one', async () => {
    const problem = { status: 422, code: 'bad_table', title: 'x', title_zh: '表' };
    const answer = read(pieces(bytes(`${JSON.stringify({ problem })}\n`), 9), () => undefined);
    await expect(answer).rejects.toBeInstanceOf(Fault);
  });

  it('that breaks off is not done', async () => {
    await expect(read(pieces(whole.slice(0, -1), 16), () => undefined)).rejects.toThrow('broke off');
    await expect(read(pieces(bytes('{"progress":{}}\n'), 16), () => undefined)).rejects.toThrow('broke off');
  });
});
