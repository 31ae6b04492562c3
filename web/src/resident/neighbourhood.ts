/** What hangs on the notice board: communities, grids, hotlines, duty phones. Asked once, when a page is opened. */

import { api, type components, take } from '@core/api';
import { useZone } from '@core/clock/time';
import { kept } from '@core/kept';
import { computed, shallowRef } from 'vue';

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

/** All grids, with the community each is in. */
export const grids = computed(() =>
  (neighbourhood.value?.communities ?? []).flatMap((community) =>
    community.grids.map((grid) => ({ ...grid, community })),
  ),
);

/** The grid where this phone is; none outside of all. Rejects when the phone does not tell. */
export async function gridHere(): Promise<{ grid: string | undefined; lon: number; lat: number }> {
  const place = await new Promise<GeolocationPosition>((resolve, reject) => {
    if (!navigator.geolocation) reject(new Error('no geolocation'));
    navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: 15_000 });
  });
  const [lon, lat] = [place.coords.longitude, place.coords.latitude];
  const { grid } = await take(api.POST('/api/v1/public/locate', { body: { lon, lat } }));
  return { grid: grid ?? undefined, lon, lat };
}
