/** What was made of the elevation model: shading and slope as pictures over the base, under all data. */
import type { SourceSpecification } from 'maplibre-gl'
import type { Catalogue } from '../api/types'
import type { OwnedLayer, StyleContext } from './context'

/** The name of a product's switch among the layers'. */
export const productLayer = (name: string) => `terrain_${name}`

export function productSources({ terrain, city }: Catalogue): Record<string, SourceSpecification> {
  const out: Record<string, SourceSpecification> = {}
  for (const product of terrain?.products ?? []) {
    out[productLayer(product.name)] = {
      type: 'raster',
      tiles: [product.tiles.startsWith('/') ? location.origin + product.tiles : product.tiles],
      tileSize: 256,
      minzoom: terrain?.minzoom ?? 6,
      maxzoom: terrain?.maxzoom ?? 14,
      bounds: terrain?.bounds ?? city.bounds,
    }
  }
  return out
}

export function productLayers({ catalogue, palette: p }: StyleContext): OwnedLayer[] {
  return (catalogue.terrain?.products ?? []).map(({ name }) => ({
    id: productLayer(name),
    owner: productLayer(name),
    type: 'raster' as const,
    source: productLayer(name),
    paint: {
      'raster-opacity': p.dark ? 0.62 : 0.75,
      'raster-fade-duration': 120,
      'raster-resampling': 'linear' as const,
    },
  }))
}
