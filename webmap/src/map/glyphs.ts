/** One glyph a kind, drawn in a 16 by 16 box; the same paths serve the map's images and the panels' icons. */
export interface Glyph {
  path: string
  /** Stroked rather than filled. */
  stroke?: boolean
}

export const GLYPHS: Record<string, Glyph> = {
  camera: { path: 'M2 4.8h8v6.4H2zM10.8 7.2 14 5.2v5.6l-3.2-2z' },
  rain_gauge: { path: 'M8 2c2.6 3.3 4 5.4 4 7.4a4 4 0 0 1-8 0C4 7.4 5.4 5.3 8 2z' },
  crack_meter: { path: 'M9.5 1.8 6 6.2l4.2 2.9-3.4 5.1', stroke: true },
  tilt_meter: { path: 'M13 13H3L12 3.5M8.8 13a5 5 0 0 0-1.9-3.8', stroke: true },
  gnss: {
    path: 'M8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM4.4 4.2a5.3 5.3 0 0 0 0 7.6M11.6 4.2a5.3 5.3 0 0 1 0 7.6',
    stroke: true,
  },
  water_level: { path: 'M2 6q1.5-2.2 3 0t3 0 3 0 3 0M2 10.6q1.5-2.2 3 0t3 0 3 0 3 0', stroke: true },
  water_logging: { path: 'M2 12q1.5-2.2 3 0t3 0 3 0 3 0M8 2v5.6M5.6 5.4 8 7.8l2.4-2.4', stroke: true },
  soil_moisture: { path: 'M2.6 13.2h10.8v-1.6H2.6zM8 1.8c2 2.6 3 4 3 5.4a3 3 0 0 1-6 0c0-1.4 1-2.8 3-5.4z' },
  smoke: { path: 'M4.4 12h7.4a2.7 2.7 0 0 0 .3-5.4A4 4 0 0 0 4.6 6 3 3 0 0 0 4.4 12z' },
  fire: {
    path: 'M8.2 1.8c.4 2.6 3.6 4 3.6 7.4a3.8 3.8 0 0 1-7.6 0c0-1.7.9-2.8 1.7-3.6.2 1.1.6 1.6 1.2 2C7 5.6 7.1 3.8 8.2 1.8z',
  },
  medical: { path: 'M6.4 2.8h3.2v3.6h3.6v3.2H9.6v3.6H6.4V9.6H2.8V6.4h3.6z' },
  repair: {
    path: 'M13 4.6 10.9 6.7 9.3 5.1l2.1-2.1a3.5 3.5 0 0 0-4.6 4.5L2.6 11.7l1.7 1.7 4.2-4.2A3.5 3.5 0 0 0 13 4.6z',
  },
  patrol: { path: 'M3.6 7.4 8 3.2l4.4 4.2M3.6 12.2 8 8l4.4 4.2', stroke: true },
  grid: { path: 'M3 3h4.2v4.2H3zM8.8 3H13v4.2H8.8zM3 8.8h4.2V13H3zM8.8 8.8H13V13H8.8z' },
  geohazard: { path: 'M1.6 13 6.4 4.2l2.6 4.6 1.6-2.4L14.4 13z' },
  team: { path: 'M8 7.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2zM3 13.6c0-2.8 2.2-4.6 5-4.6s5 1.8 5 4.6z' },
  drone: { path: 'M8 1.4 13 14l-5-3-5 3z' },
  vehicle: { path: 'M8 1.6 11.6 6v8H4.4V6z' },
  team_device: { path: 'M8 1.4 10.6 5A4.6 4.6 0 1 1 5.4 5z' },
  // Parts of the city, by family.
  'part-cover': { path: 'M8 2.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6zM5.4 6.4h5.2M5.4 9.6h5.2', stroke: true },
  'part-pole': { path: 'M5.4 14V5.2C5.4 3.2 6.6 2.4 8.4 2.4H12M12 2.4v2.4M3.2 14h4.4', stroke: true },
  'part-fire': { path: 'M6.2 1.8h3.6v1.8h1.4v2.2h1.6v3.4h-1.6v3.2h1.2v1.8H3.6v-1.8h1.2V9.2H3.2V5.8h1.6V3.6h1.4z' },
  'part-sign': { path: 'M3 2.6h10v5.8H3zM8 8.4V14', stroke: true },
  'part-bin': { path: 'M2.8 4.8h10.4M6 4.6V2.6h4v2M4.2 4.8 5 13.6h6l.8-8.8', stroke: true },
  'part-green': { path: 'M8 1.8a4.1 4.1 0 0 1 .9 8.1v4.3H7.1V9.9A4.1 4.1 0 0 1 8 1.8z' },
  'part-other': { path: 'M4 4h8v8H4z', stroke: true },
  other: { path: 'M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8z' },
}

export function glyph(kind: string): Glyph {
  return GLYPHS[kind] ?? (GLYPHS.other as Glyph)
}
