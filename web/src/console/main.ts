import { createApp, h } from 'vue';
import { applyLook } from '@core/theme';
applyLook();
createApp({ render: () => h('p', 'x') }).mount('#app');
