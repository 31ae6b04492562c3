/** What hangs on the notice board: communities, grids, hotlines, duty phones. Asked once, when a page is opened. */

import { api, type components, take } from '@core/api';
import { useZone } from '@core/clock/time';
import { kept } from '@core/kept';
import { computed, shallowRef } from 'vue';
import { draft } from './draft';

export const neighbourhood = shallowRef<components['schemas']['Neighbourhood']>();
export const trouble = shallowRef<unknown>();

export async function load(): Promise<void> {
  trouble.value = undefined;
  try {
    neighbourhood.value = await take(api.GET('/api/v1/public/neighbourhood'));
    useZone(neighbourhood.value.time_zone);
  } catch (why) {
    trouble.value = why;
  }
}
load();

/** The reader's grid, chosen once and kept on this device. */
export const myGrid = kept('grid', '');

/** The grid where one is: the one chosen, or else that of the code that was scanned; empty where neither is known. */
export const gridNow = computed(() => myGrid.value || draft.value.spot?.grid || '');

/** All grids, with the community each is in. */
export const grids = computed(() =>
  (neighbourhood.value?.communities ?? []).flatMap((community) =>
    community.grids.map((grid) => ({ ...grid, community })),
  ),
);

/** Where this phone is. Rejects when it does not tell. */
export async function placeHere(): Promise<{ lon: number; lat: number }> {
  const place = await new Promise<GeolocationPosition>((resolve, reject) => {
    if (!navigator.geolocation) reject(new Error('no geolocation'));
    navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: 15_000 });
  });
  return { lon: place.coords.longitude, lat: place.coords.latitude };
}

/** The grid where this phone is; none outside of all. Rejects when the phone does not tell. */
export async function gridHere(): Promise<{ grid: string | undefined; lon: number; lat: number }> {
  const { lon, lat } = await placeHere();
  const { grid } = await take(api.POST('/api/v1/public/locate', { body: { lon, lat } }));
  return { grid: grid ?? undefined, lon, lat };
}
