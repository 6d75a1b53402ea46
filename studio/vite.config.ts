/** Builds the studio into the package. Everything is bundled, nothing is inlined, so that a strict content policy holds. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** While the page is worked on (`npm run dev:studio`), a server beside it answers. */
const server = process.env.TSLM_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte()],
  server: { proxy: { '/v1': server, '/studio/api': server, '/health': server } },
  build: {
    outDir: '../dist/studio',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
