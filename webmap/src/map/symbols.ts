/** The map's symbols, drawn on a canvas when the style first asks for one: no sprite file, sharp on any screen, every theme. */
import type { Map as MapLibre } from 'maplibre-gl'
import { asLevel, levelShape, shapePoints } from '../domain/levels'
import { THEMES, type Theme } from '../state/view'
import { type Palette, partTone, readPalette } from '../theme/palette'
import { glyph } from './glyphs'

const RATIO = 2

/** `dark|hazard|3|active`: theme, family, then what the family asks. */
export function symbolId(theme: Theme, ...parts: (string | number)[]): string {
  return [theme, ...parts].join('|')
}

type Pen = CanvasRenderingContext2D

function tracePolygon(pen: Pen, points: [number, number][], x: number, y: number, r: number): void {
  pen.beginPath()
  if (points.length === 0) pen.arc(x, y, r, 0, Math.PI * 2)
  for (const [px, py] of points) pen.lineTo(x + px * r, y + py * r)
  pen.closePath()
}

/** `halo` draws no more than its rim, so many units of the glyph's own box wider. */
function drawGlyph(pen: Pen, kind: string, x: number, y: number, size: number, colour: string, halo = 0): void {
  const { path, stroke } = glyph(kind)
  pen.save()
  pen.translate(x - size / 2, y - size / 2)
  pen.scale(size / 16, size / 16)
  const shape = new Path2D(path)
  if (stroke || halo > 0) {
    pen.strokeStyle = colour
    pen.lineWidth = (stroke ? 1.9 : 0) + halo
    pen.lineCap = 'round'
    pen.lineJoin = 'round'
    pen.stroke(shape)
  } else {
    pen.fillStyle = colour
    pen.fill(shape)
  }
  pen.restore()
}

/** A hazard point: its level's shape; hollow at rest, solid and larger under a warning. */
function hazard(pen: Pen, p: Palette, size: number, [levelText = '', mode = 'idle']: string[]): void {
  const level = asLevel(levelText)
  const c = size / 2
  const active = mode !== 'idle'
  const r = active ? 12 : 6.5
  const points = level ? shapePoints(levelShape(level)) : []
  const colour = level ? p.level[level] : p.off
  pen.lineJoin = 'round'
  tracePolygon(pen, points, c, c, r)
  if (active) {
    pen.strokeStyle = p.halo
    pen.lineWidth = 5
    pen.stroke()
    pen.fillStyle = colour
    pen.fill()
    if (mode === 'drill') stripes(pen, p.halo, size, 0.55)
    pen.strokeStyle = p.dark ? 'rgb(255 255 255 / 55%)' : p.panel
    pen.lineWidth = 1.2
    pen.stroke()
    if (mode === 'confirmed') tick(pen, p, c + 9, c + 8)
    return
  }
  pen.strokeStyle = p.halo
  pen.lineWidth = 4.5
  pen.stroke()
  pen.fillStyle = p.panel
  pen.fill()
  pen.strokeStyle = colour
  pen.lineWidth = 2
  pen.stroke()
}

/** An acknowledged thing keeps its colour and gets a tick. */
function tick(pen: Pen, p: Palette, x: number, y: number): void {
  pen.beginPath()
  pen.arc(x, y, 6, 0, Math.PI * 2)
  pen.fillStyle = p.panel
  pen.fill()
  pen.beginPath()
  pen.moveTo(x - 2.8, y + 0.2)
  pen.lineTo(x - 0.8, y + 2.3)
  pen.lineTo(x + 3, y - 2)
  pen.strokeStyle = p.text
  pen.lineWidth = 1.8
  pen.lineCap = 'round'
  pen.stroke()
}

function stripes(pen: Pen, colour: string, size: number, opacity: number): void {
  pen.save()
  pen.clip()
  pen.globalAlpha = opacity
  pen.strokeStyle = colour
  pen.lineWidth = 1.6
  for (let d = -size; d < size * 2; d += 5) {
    pen.beginPath()
    pen.moveTo(d, size)
    pen.lineTo(d + size, 0)
    pen.stroke()
  }
  pen.restore()
}

/** A fixed asset: a small plate and its glyph; dimmed when late, hatched when stale, struck through when off. */
function plate(pen: Pen, p: Palette, size: number, kind: string, state: string): void {
  const c = size / 2
  const r = 9
  const off = state === 'offline' || state === 'fault'
  pen.globalAlpha = state === 'late' ? 0.72 : 1
  pen.beginPath()
  pen.arc(c, c, r, 0, Math.PI * 2)
  pen.fillStyle = p.panel
  pen.fill()
  if (state === 'stale') stripes(pen, p.off, size, 0.8)
  pen.beginPath()
  pen.arc(c, c, r, 0, Math.PI * 2)
  pen.strokeStyle = off || state === 'stale' ? p.off : p.asset
  pen.lineWidth = 1.2
  if (off) pen.setLineDash([2, 2])
  pen.stroke()
  pen.setLineDash([])
  drawGlyph(pen, kind, c, c, 11.5, off || state === 'stale' ? p.off : p.asset)
  if (off) {
    pen.beginPath()
    pen.moveTo(c - 6, c + 6)
    pen.lineTo(c + 6, c - 6)
    pen.strokeStyle = p.off
    pen.lineWidth = 1.6
    pen.stroke()
  }
}

function team(pen: Pen, p: Palette, size: number, [kind = 'team', status = 'idle']: string[]): void {
  const c = size / 2
  pen.beginPath()
  pen.arc(c, c, 10, 0, Math.PI * 2)
  pen.fillStyle = p.halo
  pen.fill()
  pen.beginPath()
  pen.arc(c, c, 8.6, 0, Math.PI * 2)
  if (status === 'idle') {
    pen.fillStyle = p.team
    pen.fill()
    drawGlyph(pen, kind, c, c, 11, p.halo)
    return
  }
  const colour = status === 'busy' ? p['team-busy'] : p.off
  pen.fillStyle = p.panel
  pen.fill()
  pen.strokeStyle = colour
  pen.lineWidth = 1.8
  pen.stroke()
  drawGlyph(pen, kind, c, c, 11, colour)
}

/** A mover: pointed where it heads, a plain dot where the heading is not known. */
function mover(pen: Pen, p: Palette, size: number, [kind = 'other', state = 'fresh', aimed = '1']: string[]): void {
  const c = size / 2
  const colour = state === 'stale' ? p.off : p.mover
  pen.globalAlpha = state === 'late' ? 0.65 : 1
  const scale = kind === 'drone' ? 19 : 15
  pen.save()
  pen.translate(c - scale / 2, c - scale / 2)
  pen.scale(scale / 16, scale / 16)
  const shape = new Path2D(aimed === '1' ? glyph(kind).path : glyph('other').path)
  pen.lineJoin = 'round'
  pen.strokeStyle = p.halo
  pen.lineWidth = 4
  pen.stroke(shape)
  pen.fillStyle = colour
  pen.fill(shape)
  pen.strokeStyle = p.dark ? 'rgb(255 255 255 / 75%)' : p.panel
  pen.lineWidth = 1
  pen.stroke(shape)
  pen.restore()
}

/** A part of the city: its glyph in the tone of its major class; amiss it is ringed, gone it is faint. */
function cityPart(
  pen: Pen,
  p: Palette,
  size: number,
  [family = 'other', major = '', state = 'intact']: string[],
): void {
  const c = size / 2
  const amiss = state === 'damaged' || state === 'lost'
  const colour = state === 'disused' || state === 'removed' ? p.off : partTone(p, major)
  if (state === 'removed') pen.globalAlpha = 0.5
  if (amiss) {
    pen.beginPath()
    pen.arc(c, c, 10.5, 0, Math.PI * 2)
    pen.fillStyle = p.halo
    pen.fill()
    pen.strokeStyle = p['part-amiss']
    pen.lineWidth = 2.2
    // What is lost leaves a gap where it stood.
    if (state === 'lost') pen.setLineDash([4, 3.4])
    pen.stroke()
    pen.setLineDash([])
  }
  const glyphSize = amiss ? 12 : 15
  // A halo of its own, so that it is read on roads and roofs alike without a plate.
  drawGlyph(pen, `part-${family}`, c, c, glyphSize, p.halo, 3.4)
  drawGlyph(pen, `part-${family}`, c, c, glyphSize, amiss ? p['part-amiss'] : colour)
}

/** A case: a rounded square filling up as it is worked, outlined in the colour of its clock. */
function incident(pen: Pen, p: Palette, size: number, [status = 'reported', tone = 'none']: string[]): void {
  const c = size / 2
  const colour = tone === 'ok' || tone === 'soon' || tone === 'late' ? p[`clock-${tone}`] : p.case
  const box = (r: number) => {
    pen.beginPath()
    pen.roundRect(c - r, c - r, r * 2, r * 2, r * 0.4)
  }
  box(9)
  pen.fillStyle = p.halo
  pen.fill()
  box(7.2)
  pen.fillStyle = p.panel
  pen.fill()
  if (status === 'dispatched' || status === 'on_site') {
    pen.save()
    pen.clip()
    pen.fillStyle = colour
    pen.globalAlpha = 0.85
    const share = status === 'on_site' ? 1 : 0.5
    pen.fillRect(c - 8, c + 7.2 - 14.4 * share, 16, 16)
    pen.restore()
  }
  box(7.2)
  pen.strokeStyle = colour
  pen.lineWidth = tone === 'late' ? 2.4 : 1.7
  pen.stroke()
  if (status === 'resolved') {
    pen.beginPath()
    pen.moveTo(c - 3.6, c)
    pen.lineTo(c - 1, c + 2.8)
    pen.lineTo(c + 3.8, c - 2.8)
    pen.strokeStyle = colour
    pen.lineWidth = 1.9
    pen.lineCap = 'round'
    pen.stroke()
  } else {
    // An exclamation says "late" without colour.
    pen.fillStyle = status === 'on_site' ? p.panel : colour
    if (tone === 'late') {
      pen.fillRect(c - 1, c - 4.4, 2, 5.4)
      pen.fillRect(c - 1, c + 2.4, 2, 2)
    } else {
      pen.beginPath()
      pen.arc(c, c, 1.7, 0, Math.PI * 2)
      pen.fill()
    }
  }
}

/** Nobody answers: an octagon in the page's own ink, louder than any level and none of them. */
function nobody(pen: Pen, p: Palette, size: number, drill: boolean): void {
  const c = size / 2
  tracePolygon(pen, shapePoints('octagon'), c, c, 15)
  pen.lineJoin = 'round'
  pen.strokeStyle = p.halo
  pen.lineWidth = 5
  pen.stroke()
  pen.fillStyle = p.text
  pen.fill()
  if (drill) stripes(pen, p.halo, size, 0.5)
  pen.strokeStyle = p.halo
  pen.lineWidth = 3
  pen.lineCap = 'round'
  pen.beginPath()
  pen.moveTo(c, c - 7)
  pen.lineTo(c, c + 2)
  pen.moveTo(c, c + 7)
  pen.lineTo(c, c + 7.2)
  pen.stroke()
}

function hatch(pen: Pen, size: number, colour: string, opacity: number): void {
  pen.globalAlpha = opacity
  pen.strokeStyle = colour
  pen.lineWidth = 1.6
  for (const d of [-size, -size / 2, 0, size / 2, size]) {
    pen.beginPath()
    pen.moveTo(d, size)
    pen.lineTo(d + size, 0)
    pen.stroke()
  }
}

function draw(palette: Palette, family: string, rest: string[]): ImageData | null {
  const size = family === 'hatch' ? 12 : family === 'hazard' || family === 'nobody' ? 40 : 26
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * RATIO
  const pen = canvas.getContext('2d')
  if (!pen) return null
  pen.scale(RATIO, RATIO)
  if (family === 'hazard') hazard(pen, palette, size, rest)
  else if (family === 'sensor') plate(pen, palette, size, rest[0] ?? 'other', rest[1] ?? 'fresh')
  else if (family === 'camera') plate(pen, palette, size, 'camera', rest[0] ?? 'online')
  else if (family === 'part') cityPart(pen, palette, size, rest)
  else if (family === 'team') team(pen, palette, size, rest)
  else if (family === 'mover') mover(pen, palette, size, rest)
  else if (family === 'case') incident(pen, palette, size, rest)
  else if (family === 'nobody') nobody(pen, palette, size, rest[0] === 'drill')
  else if (family === 'hatch') {
    const level = asLevel(rest[0])
    hatch(pen, size, level ? palette.level[level] : palette.muted, 0.55)
  } else return null
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

/** Draws each image the moment the style misses it. */
export function serveSymbols(map: MapLibre): void {
  const palettes = new Map<string, Palette>()
  map.setMissingStyleImageResolver((id) => {
    const [themeName = '', family = '', ...rest] = id.split('|')
    const theme = THEMES.find((name) => name === themeName)
    if (!theme || map.hasImage(id)) return
    const palette = palettes.get(theme) ?? readPalette(theme)
    palettes.set(theme, palette)
    const image = draw(palette, family, rest)
    if (image) map.addImage(id, image, { pixelRatio: RATIO })
  })
}
