import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const { budget } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { budget: Record<string, number> }

const assets = () => readdirSync(join(DIST, 'assets'))
const size = (names: string[]) =>
  names.reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, 'assets', name))).length, 0) / 1024

/** Scripts of the studio pages, fetched when the first of them is opened. */
const STUDIO =
  /^(Shell|[rR]ules|RuleList|RulePage|RuleInputs|[rR]osters|RosterTree|RosterPage|Fences|DrillList|DrillPage|DrawBox)-/

/** Scripts of the planning studio with its drawing, fetched when a plan is first opened; its list is one of them. */
const PLAN = /^([pP]lan\w*|Tools)-/

describe('the bundle (run after `npm run build`)', () => {
  it('is built', () => {
    expect(existsSync(join(DIST, 'index.html')), 'run `npm run build` first').toBe(true)
  })
  it('keeps to its budget', () => {
    const scripts = assets().filter((name) => /\.m?js$/.test(name))
    const own = scripts.filter((name) => !name.startsWith('maplibre') && !STUDIO.test(name) && !PLAN.test(name))
    expect(size(own)).toBeLessThan(budget.ownKiB ?? 0)
    expect(size(scripts.filter((name) => STUDIO.test(name)))).toBeLessThan(budget.studioKiB ?? 0)
    expect(size(scripts.filter((name) => PLAN.test(name)))).toBeLessThan(budget.planKiB ?? 0)
    expect(size(scripts)).toBeLessThan(budget.allKiB ?? 0)
    // What the page itself names is fetched before anything is seen; the rest waits until it is opened.
    const page = readFileSync(join(DIST, 'index.html'), 'utf8')
    const first = scripts.filter((name) => page.includes(name) && !name.startsWith('maplibre'))
    expect(size(first)).toBeLessThan(budget.startKiB ?? 0)
  })
  it('has a worker of its own that knows every file of the page', () => {
    const worker = readFileSync(join(DIST, 'sw.js'), 'utf8')
    expect(worker).not.toMatch(/\bimport\b|\bexport\b|__SHELL__/)
    expect(gzipSync(worker).length).toBeLessThan(4096)
    const page = readFileSync(join(DIST, 'index.html'), 'utf8')
    for (const [, path] of page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) expect(worker).toContain(`"${path}"`)
  })
  it('runs under a policy without eval, inline script or another host', () => {
    const page = readFileSync(join(DIST, 'index.html'), 'utf8')
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(page).not.toMatch(/\bon\w+=/)
    expect(page).not.toMatch(/(src|href)="https?:/)
    const own = assets().filter((name) => name.startsWith('index') && name.endsWith('.js'))
    for (const name of own) {
      const code = readFileSync(join(DIST, 'assets', name), 'utf8')
      expect(code).not.toMatch(/\beval\(|new Function\(/)
      expect(
        [...code.matchAll(/https?:\/\/[\w.-]+/g)].map(([url]) => url).filter((url) => !/w3\.org/.test(url)),
      ).toEqual([])
    }
  })
})

describe('the lock file', () => {
  it('names no registry', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
    expect(lock).not.toContain('"resolved"')
    expect(lock).not.toContain('.tgz')
  })
})
