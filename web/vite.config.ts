/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Writes beside each text file the same gzipped, so that the program need not do it for every reader. */
const gzipped: Plugin = {
  name: 'gzipped',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      for (const file of Object.values(bundle)) {
        const source = file.type === 'chunk' ? file.code : file.source;
        if (!/\.(js|css|html|svg|json)$/.test(file.fileName)) continue;
        const small = gzipSync(source, { level: 9 });
        if (small.length < source.length) {
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: small });
        }
      }
    },
  },
};

/** The dev server answers a door's addresses with its page, as the program does. */
const doors: Plugin = {
  name: 'doors',
  configureServer(server) {
    server.middlewares.use((request, _, next) => {
      const door = /^\/(console|screen|work)(?=[/?]|$)/.exec(request.url ?? '')?.[1];
      if (door) request.url = door === 'work' ? '/work.html' : '/console.html';
      next();
    });
  },
};

// Three doors, one build: each page loads only what it shows. `jiban` carries the result inside.
export default defineConfig({
  plugins: [vue(), gzipped, doors],
  resolve: { alias: { '@core': at('./src/core') } },
  build: {
    outDir: process.env.JIBAN_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    // Office PCs keep their browsers long.
    target: ['chrome87', 'firefox85', 'safari14.1'],
    assetsInlineLimit: 0,
    rollupOptions: { input: { resident: at('./index.html'), console: at('./console.html'), work: at('./work.html') } },
  },
  // `npm run dev` beside `cargo run -p jiban -- demo`.
  server: { proxy: { '/api': process.env.JIBAN_API ?? 'http://127.0.0.1:8080' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
