/** The resident's pages: no account, works on a slow phone. */

import { startTime } from '@core/clock/time';
import { applyLanguage } from '@core/text';
import { applyLook } from '@core/theme';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import App from './App.vue';
import Home from './pages/Home.vue';
import { t } from './text';
import './resident.css';

applyLook();
applyLanguage(() => t.value.title);
startTime();

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: Home },
    { path: '/q/:spot', name: 'spot', component: Home, props: true },
    { path: '/new', name: 'new', component: () => import('./pages/Submit.vue') },
    { path: '/track/:number?', name: 'track', component: () => import('./pages/Track.vue'), props: true },
    { path: '/hall', name: 'hall', component: () => import('./pages/Hall.vue') },
    { path: '/reception', name: 'reception', component: () => import('./pages/Reception.vue') },
    { path: '/here', name: 'here', component: () => import('./pages/Here.vue') },
    { path: '/volunteering', name: 'volunteering', component: () => import('./pages/Volunteering.vue') },
    { path: '/partner/join', name: 'partner-join', component: () => import('./pages/Join.vue') },
    { path: '/partner/:partner?', name: 'partner', component: () => import('./pages/Partner.vue'), props: true },
    { path: '/near', name: 'near', component: () => import('./pages/Near.vue') },
    { path: '/guides', name: 'guides', component: () => import('./pages/Guides.vue') },
    { path: '/guides/:guide', name: 'guide', component: () => import('./pages/GuidePage.vue'), props: true },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFound.vue') },
  ],
});

createApp(App).use(router).mount('#app');
