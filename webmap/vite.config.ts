import { defineConfig } from 'vite'

const server = 'http://127.0.0.1:8000'
const doors = [
  '/auth',
  '/catalogue',
  '/tiles',
  '/heat',
  '/ogc',
  '/live',
  '/warnings',
  '/alerts',
  '/incidents',
  '/sensors',
  '/timeline',
  '/feeds',
  '/quarantine',
  '/health',
  '/openapi.json',
]

export default defineConfig({
  build: {
    target: 'es2022',
    // The page is served under a policy that allows no data: scripts and no inline anything.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'maplibre', test: /node_modules[\\/]maplibre-gl/ }],
        },
      },
    },
  },
  server: { proxy: Object.fromEntries(doors.map((door) => [door, { target: server }])) },
})
