/** The staff console: signs in, loads the world, shows one's own work. */

import { Fault, whenSignedOut } from '@core/api';
import { startTime } from '@core/clock/time';
import { forget } from '@core/session';
import { applyLanguage } from '@core/text';
import { applyLook } from '@core/theme';
import { VueQueryPlugin } from '@tanstack/vue-query';
import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router';
import { t } from './text';
import './console.css';

applyLook();
applyLanguage(() => t.value.title);
startTime();
whenSignedOut(() => {
  forget();
  const here = router.currentRoute.value;
  if (here.name !== 'sign-in') router.push({ name: 'sign-in', query: { next: here.fullPath } });
});

createApp(App)
  .use(router)
  .use(VueQueryPlugin, {
    queryClientConfig: {
      defaultOptions: {
        queries: {
          staleTime: 5_000,
          // A refusal stays one; only what passes by itself is tried again.
          retry: (count: number, why: unknown) => count < 2 && (!(why instanceof Fault) || why.passes),
        },
      },
    },
  })
  .mount('#app');
