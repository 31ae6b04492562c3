/** The grid worker's pages: one hand, bad network. Everything is right without the service worker; it only makes the shell open offline. */

import { faultOf, whenSignedOut } from '@core/api';
import { startTime } from '@core/clock/time';
import { forget, me, signedIn } from '@core/session';
import { applyLanguage } from '@core/text';
import { applyLook } from '@core/theme';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import App from './App.vue';
import { restoreWorld, signedInOffline } from './offline';
import Find from './pages/Find.vue';
import Rounds from './pages/Rounds.vue';
import Sending from './pages/Sending.vue';
import SignIn from './pages/SignIn.vue';
import Task from './pages/Task.vue';
import Tasks from './pages/Tasks.vue';
import { outbox, startSending } from './store';
import { t } from './text';
import './worker.css';

applyLook();
applyLanguage(() => t.value.title);
startTime();

// All pages at once: one that loads later would be missing where there is no network.
const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/work', name: 'tasks', component: Tasks },
    { path: '/work/sign-in', name: 'sign-in', component: SignIn, meta: { open: true } },
    { path: '/work/cases/:case', name: 'task', component: Task, props: true },
    { path: '/work/find', name: 'find', component: Find },
    { path: '/work/rounds', name: 'rounds', component: Rounds },
    { path: '/work/outbox', name: 'outbox', component: Sending },
    { path: '/:rest(.*)*', redirect: { name: 'tasks' } },
  ],
});

const person = () => me.value?.person ?? '';

router.beforeEach(async (to) => {
  if (to.meta.open || me.value) return true;
  try {
    if (!(await signedIn())) return { name: 'sign-in', query: { next: to.fullPath } };
    signedInOffline();
  } catch (why) {
    // No network: whoever was signed in here goes on with what the phone has.
    if (faultOf(why).status !== 0 || !restoreWorld()) throw why;
  }
  await outbox.open(person());
  outbox.flush();
  return true;
});
whenSignedOut(() => {
  forget();
  if (router.currentRoute.value.name !== 'sign-in') router.push({ name: 'sign-in' });
});

createApp(App).use(router).mount('#app');
startSending();
if ('serviceWorker' in navigator && window.isSecureContext)
  navigator.serviceWorker.register('/work-sw.js', { scope: '/work' });
