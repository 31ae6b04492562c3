/** Who was signed in last, and the world they saw, for a start without a network. Goes with the sign-out. */

import type { Me, Organisation, Policy } from '@core/api';
import { kept } from '@core/kept';
import { me } from '@core/session';
import { World, world } from '@core/world';

const last = kept<{ me: Me; policy: Policy; organisation: Organisation } | null>('work', null);

/** Keeps what a start without a network needs. */
export function signedInOffline(): void {
  const found = world.value;
  if (!me.value || !found) return;
  const organisation = { units: [...found.units.values()], people: [], spots: [...found.spots.values()] };
  last.value = { me: me.value, policy: found.policy, organisation };
}

/** Whether somebody was signed in here; then the world is theirs again. */
export function restoreWorld(): boolean {
  if (!last.value) return false;
  me.value = last.value.me;
  world.value = new World(last.value.policy, last.value.organisation);
  return true;
}

export function forgetWorld(): void {
  last.value = null;
}
