/** What undoes an act: the same act with what was there before. Acts that others have already been told of have none. */
import type { Case } from '@core/api';
import type { Doable } from '@core/perform';

/** The body that brings back what `act` changed; none where nothing does. */
export function inverse(act: Doable, before: Case, after: Case): object | undefined {
  if (act === 'classify' && before.class) {
    return { class: before.class, category: before.category ?? null, marks: before.marks, note: '' };
  }
  if (act !== 'correct') return undefined;
  const changed: Record<string, unknown> = {};
  if (before.title !== after.title) changed.title = before.title;
  if (before.text !== after.text) changed.text = before.text;
  if (JSON.stringify(before.place) !== JSON.stringify(after.place)) changed.place = before.place;
  if ((before.complained_about ?? null) !== (after.complained_about ?? null)) {
    changed.complained_about = before.complained_about ?? null;
  }
  return Object.keys(changed).length ? changed : undefined;
}
