/** Where one may go in the console, by what one is: for the bar at the side and the palette. */

import { holds, me } from '@core/session';
import { computed } from 'vue';
import { t } from './text';

export interface Place {
  name: string;
  label: string;
}

/** Whether any unit's cases are theirs to read: neither partners nor who only administers. */
const reads = () => (me.value?.reach.length ?? 0) > 0;

/** The daily work. */
export const work = computed<Place[]>(() => [
  { name: 'queue', label: t.value.nav.queue },
  { name: 'follow-ups', label: t.value.followUp.title },
  { name: 'search', label: t.value.nav.search },
  { name: 'notices', label: t.value.nav.notices },
  { name: 'map', label: t.value.map.title },
  ...(holds('admin', 'liaison', 'leader') ? [{ name: 'signals', label: t.value.signals.title }] : []),
  ...(reads() ? [{ name: 'rounds', label: t.value.rounds.title }] : []),
  ...(reads() ? [{ name: 'partners', label: t.value.partners.title }] : []),
  { name: 'campaigns', label: t.value.campaigns.title },
  ...(reads() ? [{ name: 'assessment', label: t.value.assessment.title }] : []),
  ...(holds('liaison', 'leader', 'discipline') ? [{ name: 'bulletins', label: t.value.bulletins.title }] : []),
  { name: 'letters', label: t.value.letters.title },
  ...(me.value?.hall ? [{ name: 'hall', label: t.value.hall.title }] : []),
  { name: 'duty', label: t.value.duty.title },
  { name: 'reception', label: t.value.reception.title },
]);

/** What the work stands on. */
export const ground = computed<Place[]>(() => [
  { name: 'public-notices', label: t.value.publicNotices.title },
  { name: 'guides', label: t.value.guides.title },
  { name: 'who', label: t.value.directory.title },
  { name: 'organisation', label: t.value.organisation.title },
  { name: 'codes', label: t.value.codes.title },
  { name: 'policy', label: t.value.policy.title },
  { name: 'triage', label: t.value.triage.title },
  ...(holds('admin', 'liaison') ? [{ name: 'import', label: t.value.import.title }] : []),
  ...(holds('admin', 'discipline') ? [{ name: 'audit', label: t.value.audit.title }] : []),
  { name: 'screen', label: t.value.screen.name },
]);
