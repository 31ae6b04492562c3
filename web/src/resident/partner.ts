/** A partner's own door: its id and code, while the page lives, and longer only where somebody asked this phone to keep them. */
import type { components } from '@core/api';
import { kept } from '@core/kept';
import { computed, shallowRef } from 'vue';
import { type Kept, keep } from './mine';

type Shapes = components['schemas'];
export type Door = Shapes['Door'];
export type Inside = Shapes['PartnerDoor'];
export type Offer = Shapes['ActivityOffer'];
export type Kind = Inside['kind'];

export const KINDS: Kind[] = ['shop', 'property', 'institution', 'volunteer', 'party_member'];
/** Kinds that are people: what they are called is who they are. */
export const isPerson = (kind: Kind) => kind === 'volunteer' || kind === 'party_member';

const REPORTS_MOST = 50;
const stored = kept<Door | null>('partner', null);
export const door = shallowRef<Door | null>(stored.value);
export const isKept = computed(() => stored.value !== null && stored.value.partner === door.value?.partner);

export function keepDoor(): void {
  stored.value = door.value;
}
export function forgetDoor(): void {
  [stored.value, door.value, reports.value] = [null, null, []];
}

/** Hours as people say them, of whole minutes. */
export const hours = (minutes: number) => String(Math.round((minutes / 60) * 10) / 10);

/** Cases that were reported from here: on this phone only, so that nothing else tells who reported them. */
export const reports = kept<Kept[]>('partner.reports', []);

/** Notes a case that was just reported from the door that is open. */
export function noteReport(one: Kept): void {
  if (!door.value) return;
  reports.value = [one, ...reports.value].slice(0, REPORTS_MOST);
  keep(one);
}
