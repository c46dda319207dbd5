import { createHash } from 'node:crypto'
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
  '/calls',
  '/ladders',
  '/rosters',
  '/deliveries',
  '/channels',
  '/rules',
  '/fences',
  '/drills',
  '/plans',
  '/plan-imports',
  '/editions',
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

/** The worker that a team's device keeps is told by name which files make up the page, and changes when one of them does. */
const shell: Plugin = {
  name: 'shell-for-worker',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const worker = bundle['sw.js']
      if (worker?.type !== 'chunk') throw new Error('the service worker was not built')
      const needed = new Set<string>()
      const add = (name: string) => {
        const chunk = bundle[name]
        if (!chunk || needed.has(name)) return
        needed.add(name)
        if (chunk.type === 'chunk') for (const other of chunk.imports) add(other)
      }
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === 'chunk' && file.isEntry && name !== 'sw.js') add(name)
        if (/\.css$|maplibre-gl-worker/.test(name)) add(name)
      }
      const files = [
        '/',
        '/favicon.svg',
        ...[...needed].filter((name) => name !== 'index.html').map((name) => `/${name}`),
      ]
      // Names carry their content's hash; the page itself has only its text.
      const page = bundle['index.html']
      const text = page?.type === 'asset' ? String(page.source) : ''
      const version = createHash('sha256')
        .update([...files.sort(), text, worker.code].join('\n'))
        .digest('hex')
      worker.code = worker.code.replaceAll('__SHELL__', JSON.stringify({ version: version.slice(0, 12), files }))
    },
  },
}

export default defineConfig({
  plugins: [leaflet, shell],
  build: {
    target: 'es2022',
    // The page is served under a policy that allows no data: scripts and no inline anything.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
    rolldownOptions: {
      input: { index: 'index.html', sw: 'src/worker/sw.ts' },
      output: {
        // A worker governs the paths below its own.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        codeSplitting: {
          groups: [{ name: 'maplibre', test: /node_modules[\\/]maplibre-gl/ }],
        },
      },
    },
  },
  server: { proxy: Object.fromEntries(doors.map((door) => [door, { target: server }])) },
})
