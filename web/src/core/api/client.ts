/**
 * The server, typed by its own description (`schema.d.ts`, made by `cargo xtask web types`). An answer is data or a
 * [`Fault`]: what happened, what was kept, what to do, in the reader's language.
 */
import createClient from 'openapi-fetch';
import { heard } from '../clock/time';
import { common, language } from '../text';
import type { components, paths } from './schema';

type Problem = components['schemas']['Problem'];

/** Why something was not done. */
export class Fault extends Error {
  constructor(
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    /** Stable code, e.g. `wrong_state`. */
    readonly code: string,
    private readonly words: { zh: string; en: string },
    /** Field at fault, where it is one. */
    readonly field?: string,
    /** Number to quote. */
    readonly incident?: string,
  ) {
    super(words.en);
    this.name = 'Fault';
  }

  /** What to tell the reader. */
  get text(): string {
    const said = this.words[language.value] || common.value.fault.unknown;
    return this.incident ? `${said} ${common.value.fault.incident(this.incident)}` : said;
  }

  /** Whether the same request may succeed later without a change: no answer came, or the server asks to wait. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** Any failure as a [`Fault`]. */
export function faultOf(why: unknown): Fault {
  if (why instanceof Fault) return why;
  const offline = why instanceof TypeError;
  return new Fault(offline ? 0 : 500, offline ? 'offline' : 'unknown', { zh: '', en: '' });
}

/** Words of a failure for the reader. */
export function told(why: unknown): string {
  const fault = faultOf(why);
  return fault.code === 'offline' ? common.value.fault.offline : fault.text;
}

export const api = createClient<paths>({ baseUrl: '/', headers: { 'x-jiban': 'web' }, credentials: 'same-origin' });

let onSignedOut: () => void = () => undefined;
/** What to do when the session is over. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

/** The data of an answer. Throws a [`Fault`] otherwise. */
export async function take<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  const date = response.headers.get('date');
  if (date && response.ok) heardRoughly(date);
  if (response.ok) return data as T;
  if (response.status === 401) onSignedOut();
  throw fault(response.status, error);
}

/** A header's time has whole seconds: good enough until an answer tells the exact one. */
let rough = false;
function heardRoughly(date: string): void {
  if (!rough) heard(new Date(Date.parse(date) + 500).toISOString());
  rough = true;
}

export function fault(status: number, body: unknown): Fault {
  const problem = body as Partial<Problem> | undefined;
  if (typeof problem !== 'object' || problem === null || typeof problem.title !== 'string') {
    return new Fault(status, 'unknown', { zh: '', en: '' });
  }
  const words = { zh: problem.title_zh ?? problem.title, en: problem.title };
  return new Fault(status, problem.code ?? 'unknown', words, problem.field ?? undefined, problem.incident ?? undefined);
}

/** A key for one attempt at one thing: its retries carry it, so that they are one. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
