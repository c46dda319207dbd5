/**
 * Sources that hold nothing cost nothing: a GeoJSON source has tiles under every place, and each of its layers is
 * masked by them in every frame, whether or not anything lies in them. That was half of a frame drawn in software.
 */
import { GeoJSONSource, type Map as MapLibre, type MapSourceDataEvent, type Source } from 'maplibre-gl'

/** Sources that must answer at once when something comes into them keep their tiles. */
const READY = /-new$/

const holds = (source: GeoJSONSource): boolean => {
  const { data } = source.serialize()
  return typeof data === 'string' || data.type !== 'FeatureCollection' || data.features.length > 0
}

/** Follows what the map's GeoJSON sources hold, from now on. */
export function spareEmpty(map: MapLibre): void {
  const filled = new WeakSet<object>()
  map.on('sourcedata', ({ sourceId, sourceDataType }: MapSourceDataEvent) => {
    if (sourceDataType !== 'metadata' || READY.test(sourceId)) return
    const source = map.getSource(sourceId)
    if (!(source instanceof GeoJSONSource)) return
    if (holds(source)) filled.add(source)
    else filled.delete(source)
    const one: Source = source
    one.hasTile ??= () => filled.has(source)
  })
}
