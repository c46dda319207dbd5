import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

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

/** Leaflet stands beside the bundle: reports written for notebooks (folium) carry it inside, so they open without a network. */
const leaflet: Plugin = {
  name: 'leaflet-for-reports',
  apply: 'build',
  closeBundle() {
    const from = join(import.meta.dirname, 'node_modules', 'leaflet', 'dist')
    const to = join(import.meta.dirname, 'dist', 'vendor')
    for (const file of ['leaflet.js', 'leaflet.css']) cpSync(join(from, file), join(to, file))
  },
}

export default defineConfig({
  plugins: [leaflet],
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
