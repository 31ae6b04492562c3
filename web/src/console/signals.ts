/** What a signal is called, what it says, and what a plan or a campaign of it begins with. */

import type { Signal } from '@core/api';
import { named } from '@core/text';
import { world } from '@core/world';
import { t } from './text';

export const occasion = (id: string) => world.value?.policy.occasions.find((one) => one.id === id);

const where = (one: Signal) => (one.area ? (world.value?.unit(one.area) ?? '') : t.value.signals.everywhere);
const what = (one: Signal) => world.value?.category(one.category) ?? '';

/** What a person would call it. */
export function called(one: Signal): string {
  if (one.kind === 'hot') return one.name.join(' · ');
  if (one.kind === 'occasion') return named(occasion(one.occasion)?.name, one.occasion);
  return `${where(one)} · ${what(one)}`;
}

/** What was seen. */
export function says(one: Signal): string {
  switch (one.kind) {
    case 'rise':
      return t.value.signals.rise(one.days, one.count, one.expected.toFixed(1));
    case 'repeat':
      return t.value.signals.repeat(one.days, one.count);
    case 'hot':
      return t.value.signals.spoken(one.days, one.people, one.count);
    case 'occasion':
      return t.value.signals.comes(one.first, one.last);
  }
}

/** A title for what is made of it. */
function title(one: Signal): string {
  const name =
    one.kind === 'rise' || one.kind === 'repeat' ? `${where(one)} ${what(one).split(' › ').pop()}` : called(one);
  return name.slice(0, 60);
}

/** What a campaign of it begins with. */
export const campaign = (one: Signal) => ({
  signal: one.id,
  category: one.category ?? '',
  area: one.area ?? '',
  title: `${title(one)} ${t.value.campaigns.title}`,
});

/** What a plan of rounds of it begins with. */
export const rounds = (one: Signal) => ({
  signal: one.id,
  area: one.area ?? '',
  title: `${title(one)} ${t.value.signals.look}`,
  ...(one.kind === 'occasion' && {
    from: one.first,
    to: one.last,
    checklist: occasion(one.occasion)?.checklist ?? '',
  }),
});
