/** Corners of an area by click on the map; the same with buttons for a hand without a pointer. */
import { t } from '../i18n'
import { mapCentre } from '../map/map'
import { type Corner, corners, dropCorner, endDrawing, leaveDrawing, placeCorner } from '../state/draw'

export function ringShape(ring: readonly Corner[]): GeoJSON.Polygon | null {
  const [first] = ring
  return first ? { type: 'Polygon', coordinates: [[...ring, first].map((corner) => [...corner])] } : null
}

export function DrawBox() {
  const ring = corners.value
  if (!ring) return null
  return (
    <div class="notice draw-box" role="status" data-testid="draw-box">
      <p>{t('draw.lead', { n: ring.length })}</p>
      <div class="quick">
        <button
          type="button"
          class="button small"
          onClick={() => {
            const centre = mapCentre()
            if (centre) placeCorner(centre)
          }}
        >
          {t('draw.centre')}
        </button>
        <button type="button" class="button small" disabled={!ring.length} onClick={dropCorner}>
          {t('draw.back')}
        </button>
        <button
          type="button"
          class="button small primary"
          disabled={ring.length < 3}
          onClick={endDrawing}
          data-testid="draw-done"
        >
          {t('draw.done')}
        </button>
        <button type="button" class="button small" onClick={leaveDrawing}>
          {t('draw.leave')}
        </button>
      </div>
    </div>
  )
}
