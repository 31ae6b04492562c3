/** Addresses of the console. A page that is not the first one shown loads when it is opened. */

import { signedIn } from '@core/session';
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';

const routes: RouteRecordRaw[] = [
  { path: '/console/sign-in', name: 'sign-in', component: () => import('./pages/SignIn.vue'), meta: { open: true } },
  { path: '/console', redirect: { name: 'queue' } },
  { path: '/console/queue', name: 'queue', component: () => import('./pages/Queue.vue') },
  { path: '/console/follow-ups', name: 'follow-ups', component: () => import('./pages/FollowUps.vue') },
  { path: '/console/search', name: 'search', component: () => import('./pages/Search.vue') },
  { path: '/console/cases/new', name: 'intake', component: () => import('./pages/Intake.vue') },
  { path: '/console/cases/:case', name: 'case', component: () => import('./pages/CasePage.vue'), props: true },
  { path: '/console/notices', name: 'notices', component: () => import('./pages/Notices.vue') },
  { path: '/console/map', name: 'map', component: () => import('./pages/GridMap.vue') },
  { path: '/console/hall', name: 'hall', component: () => import('./pages/Hall.vue') },
  { path: '/console/duty', name: 'duty', component: () => import('./pages/Duty.vue') },
  { path: '/console/reception', name: 'reception', component: () => import('./pages/Reception.vue') },
  { path: '/console/who', name: 'who', component: () => import('./pages/WhoIsWho.vue') },
  { path: '/console/organisation', name: 'organisation', component: () => import('./pages/Organisation.vue') },
  { path: '/console/codes', name: 'codes', component: () => import('./pages/Codes.vue') },
  { path: '/console/policy', name: 'policy', component: () => import('./pages/PolicyPage.vue') },
  { path: '/console/policy/what-if', name: 'what-if', component: () => import('./pages/WhatIf.vue') },
  { path: '/console/signals', name: 'signals', component: () => import('./pages/Signals.vue') },
  { path: '/console/rounds', name: 'rounds', component: () => import('./pages/Rounds.vue') },
  { path: '/console/partners', name: 'partners', component: () => import('./pages/Partners.vue') },
  { path: '/console/campaigns', name: 'campaigns', component: () => import('./pages/Campaigns.vue') },
  {
    path: '/console/campaigns/:campaign',
    name: 'campaign',
    component: () => import('./pages/CampaignPage.vue'),
    props: true,
  },
  { path: '/console/assessment', name: 'assessment', component: () => import('./pages/Assessment.vue') },
  { path: '/console/bulletins', name: 'bulletins', component: () => import('./pages/Bulletins.vue') },
  {
    path: '/console/bulletins/:bulletin',
    name: 'bulletin',
    component: () => import('./pages/BulletinPage.vue'),
    props: true,
  },
  { path: '/console/letters', name: 'letters', component: () => import('./pages/Letters.vue') },
  { path: '/console/letters/:letter', name: 'letter', component: () => import('./pages/LetterPage.vue'), props: true },
  { path: '/console/triage', name: 'triage', component: () => import('./pages/Triage.vue') },
  { path: '/console/audit', name: 'audit', component: () => import('./pages/Audit.vue') },
  { path: '/console/import', name: 'import', component: () => import('./pages/Import.vue') },
  { path: '/console/public-notices', name: 'public-notices', component: () => import('./pages/PublicNotices.vue') },
  { path: '/console/guides', name: 'guides', component: () => import('./pages/Guides.vue') },
  { path: '/screen', name: 'screen', component: () => import('./pages/Screen.vue'), meta: { bare: true } },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFound.vue') },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach(async (to) => {
  if (to.meta.open) return true;
  return (await signedIn()) || { name: 'sign-in', query: { next: to.fullPath } };
});
