import { applyLook } from '@core/theme';
import { createApp, h } from 'vue';

applyLook();
createApp({ render: () => h('p', 'x') }).mount('#app');
