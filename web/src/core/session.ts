/** Who is signed in, and the world they see. The token itself is a cookie that no script can read. */
import { shallowRef } from 'vue';
import { api, Fault, type Me, take } from './api';
import { loadWorld, world } from './world';

export const me = shallowRef<Me>();

/** Whether somebody is signed in; asks the server once. */
export async function signedIn(): Promise<boolean> {
  if (me.value) return true;
  try {
    me.value = await take(api.GET('/api/v1/sessions/me'));
    await loadWorld();
    return true;
  } catch (why) {
    me.value = undefined;
    if (why instanceof Fault && why.status === 401) return false;
    throw why;
  }
}

export async function signIn(login: string, password: string, code?: string): Promise<void> {
  const body = { login, password, ...(code ? { code } : {}) };
  me.value = await take(api.POST('/api/v1/sessions', { body }));
  await loadWorld();
}

export async function signOut(): Promise<void> {
  await take(api.DELETE('/api/v1/sessions/me'));
  forget();
}

/** The session is over, here or on the server. */
export function forget(): void {
  me.value = undefined;
  world.value = undefined;
}

/** Whether the signed-in person holds one of these roles anywhere. */
export function holds(...roles: Me['roles']): boolean {
  return me.value?.roles.some((role) => roles.includes(role)) ?? false;
}
