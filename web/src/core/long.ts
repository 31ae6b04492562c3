/**
 * Long work: the server tells line by line how far it is, then what became of it, then sends a file where there is one.
 * Letting go of the request ends the work.
 */
import { fault } from './api';

export interface Ended<D> {
  done: D;
  file: { name: string; blob: Blob } | undefined;
}

type Told<P, D> =
  | { progress: P }
  | { done: D; file: { name: string; bytes: number } | null }
  | { problem: { status: number } };

/** Asks for the work and follows it. Throws a `Fault` when it is refused or fails, `AbortError` when it is let go. */
export async function follow<P, D>(
  path: string,
  init: RequestInit,
  tell: (how: P) => void,
  stop: AbortSignal,
): Promise<Ended<D>> {
  const headers = { 'x-jiban': 'web', ...init.headers };
  const response = await fetch(path, { ...init, headers, credentials: 'same-origin', signal: stop });
  if (!response.ok || !response.body) throw fault(response.status, await response.json().catch(() => undefined));
  return read(response.body.getReader(), tell);
}

export async function read<P, D>(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  tell: (how: P) => void,
): Promise<Ended<D>> {
  let rest = new Uint8Array();
  let ended: { done: D; file: { name: string; bytes: number } | null } | undefined;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (value) {
      if (ended) pieces.push(new Uint8Array(value));
      else rest = joined(rest, value);
    }
    for (let line = rest.indexOf(10); !ended && line >= 0; line = rest.indexOf(10)) {
      const told = JSON.parse(new TextDecoder().decode(rest.subarray(0, line))) as Told<P, D>;
      rest = rest.slice(line + 1);
      if ('progress' in told) tell(told.progress);
      else if ('problem' in told) throw fault(told.problem.status, told.problem);
      else {
        ended = told;
        pieces.push(rest);
      }
    }
    if (done) break;
  }
  const blob = new Blob(pieces);
  // An answer that breaks off is no answer.
  if (!ended || (ended.file && blob.size !== ended.file.bytes)) throw new TypeError('the answer broke off');
  return { done: ended.done, file: ended.file ? { name: ended.file.name, blob } : undefined };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Hands a file to the browser's downloads. */
export function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  [link.href, link.download] = [url, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
