/** Gives a small source its data where that is other than what it has: what is put anew is drawn anew, all the map of it. */
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'

const had = new WeakMap<object, string>()

export function putData(map: MapLibre, name: string, data: GeoJSON.FeatureCollection): void {
  const source = map.getSource<GeoJSONSource>(name)
  if (!source) return
  const text = JSON.stringify(data)
  if (had.get(source) === text) return
  had.set(source, text)
  source.setData(data)
}
