/** What is being told: kept on the phone until it is sent, but for who tells it and the photos. */

import { freshKey } from '@core/api';
import { kept } from '@core/kept';
import { ref, watch } from 'vue';

export interface Spot {
  id: string;
  name: string;
  address: string;
  grid: string;
  gridName: string;
  hotline: string | null;
}

export interface Draft {
  text: string;
  spot: Spot | null;
  address: string;
  grid: string;
  lon: number | null;
  lat: number | null;
  /** The way in, where it is a partner's own. */
  channel: string;
  /** The same for every try of this one request. */
  key: string;
}

const blank = (): Draft => ({
  text: '',
  spot: null,
  address: '',
  grid: '',
  lon: null,
  lat: null,
  channel: '',
  key: freshKey(),
});
const store = kept<Draft | null>('draft', null);

export const draft = ref<Draft>({ ...blank(), ...store.value });
watch(
  draft,
  (now) => {
    store.value = { ...now };
  },
  { deep: true },
);

/** It was sent, or is given up. */
export function anew(spot: Spot | null = null): void {
  draft.value = { ...blank(), spot };
}
