/** What the server has: city, layers, surfaces. Nothing here is known in advance. */
import { computed, signal } from '@preact/signals'
import { api } from '../api/client'
import type { Attribute, Catalogue, CatalogueLayer } from '../api/types'
import { code, has, lang, t, title } from '../i18n'

export const catalogue = signal<Catalogue | null>(null)
export const catalogueError = signal<Error | null>(null)

export async function loadCatalogue(): Promise<void> {
  try {
    catalogue.value = await api.catalogue()
    catalogueError.value = null
  } catch (error) {
    catalogueError.value = error instanceof Error ? error : new Error(String(error))
  }
}

const byName = computed(() => new Map((catalogue.value?.layers ?? []).map((layer) => [layer.name, layer])))

export function layerSpec(name: string): CatalogueLayer | undefined {
  return byName.value.get(name)
}

export function layerTitle(name: string): string {
  const spec = layerSpec(name)
  if (!spec) return name
  return lang.value === 'zh' ? spec.title.zh : spec.title.en
}

export function attribute(layer: string, name: string): Attribute | undefined {
  return layerSpec(layer)?.attributes.find((item) => item.name === name)
}

/** The words for a code of a layer's attribute: the catalogue's own, else this page's. */
export function coded(layer: string, name: string, value: unknown): string {
  const own = attribute(layer, name)?.values?.[String(value)]
  return own ? title(own) : code(name, value)
}

export function groupTitle(group: string): string {
  const key = `group.${group}`
  return has(key) ? t(key) : group
}

export const cityName = computed(() => {
  const city = catalogue.value?.city
  if (!city) return ''
  return lang.value === 'zh' ? city.name : city.name_en || city.name
})
