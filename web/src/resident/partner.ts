/** A partner's own door: its id and code, while the page lives, and longer only where somebody asked this phone to keep them. */
import { api, type components, take } from '@core/api';
import { kept } from '@core/kept';
import { computed, shallowRef } from 'vue';

type Shapes = components['schemas'];
export type Door = Shapes['Door'];
export type Inside = Shapes['PartnerDoor'];
export type Offer = Shapes['ActivityOffer'];
export type Kind = Inside['kind'];

export const KINDS: Kind[] = ['shop', 'property', 'institution', 'volunteer', 'party_member'];
/** Kinds that are people: what they are called is who they are. */
export const isPerson = (kind: Kind) => kind === 'volunteer' || kind === 'party_member';

const stored = kept<Door | null>('partner', null);
export const door = shallowRef<Door | null>(stored.value);
export const isKept = computed(() => stored.value !== null && stored.value.partner === door.value?.partner);

export function keepDoor(): void {
  stored.value = door.value;
}
export function forgetDoor(): void {
  [stored.value, door.value] = [null, null];
}

/** Hours as people say them, of whole minutes. */
export const hours = (minutes: number) => String(Math.round((minutes / 60) * 10) / 10);

/** Notes, at the partner's own door, a case that was just reported from there. */
export async function noteReport(number: string, code: string): Promise<void> {
  if (!door.value) return;
  await take(api.POST('/api/v1/public/partners/report', { body: { door: door.value, case: { number, code } } }));
}
