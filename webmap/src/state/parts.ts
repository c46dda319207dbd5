/** What a part's five digits mean, asked of the server when a part is first looked at. */
import { signal } from '@preact/signals'
import { api } from '../api/client'
import type { Classes } from '../api/types'
import { title } from '../i18n'
import { layerSpec } from './catalogue'

export const partClasses = signal<Classes | null>(null)
let names: ReadonlyMap<string, string> = new Map()
let asked = false

export function wantPartClasses(): void {
  if (asked || !layerSpec('part')) return
  asked = true
  api.classes('part').then(
    (found) => {
      names = new Map(found.classes.map(({ code, name }) => [code, name]))
      partClasses.value = found
    },
    () => {
      // The digits stand for themselves until somebody looks again.
      asked = false
    },
  )
}

/** The catalogue's own name of a class, Chinese alone; empty where it is not known (yet). */
export function partClass(code: unknown): string {
  partClasses.value
  return names.get(String(code)) ?? ''
}

/** The major class of a class, in the page's language. */
export function partMajor(code: unknown): string {
  const major = String(code).slice(0, 2)
  return title(partClasses.value?.majors.find((one) => one.code === major)?.title)
}
