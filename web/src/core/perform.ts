/** Does one act on one case. */
import { type Act, api, type Case, freshKey, take } from './api';

/** Acts that have an endpoint of their own under `/cases/{case}/…`. */
export type Doable = Exclude<Act, 'attach' | 'answer' | 'rate' | 'dispute' | 'tick' | 'recalendar'>;

/** Path segment of an act: the act's code, but for one. */
export function slug(act: Doable): string {
  return act === 'route_to' ? 'route' : act.replaceAll('_', '-');
}

/**
 * Sends a command and gives the case as it is then. `version`: the one seen; the server refuses with `conflict` when the
 * case has moved on. `key`: the same for every retry of one attempt.
 */
export function perform(id: string, act: Doable, body: object, version?: number, key = freshKey()): Promise<Case> {
  const header = { 'Idempotency-Key': key, ...(version === undefined ? {} : { 'If-Match': `"${version}"` }) };
  // One typed endpoint stands for all: they differ in body only, which the server checks.
  const path = `/api/v1/cases/{case}/${slug(act)}` as '/api/v1/cases/{case}/note';
  return take(
    api.POST(path, { params: { path: { case: id }, header }, body: body as { text: string; public: boolean } }),
  );
}
