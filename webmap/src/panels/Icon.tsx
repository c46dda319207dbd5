/** Line icons of the rail and the buttons, in a 24 by 24 box; they take the colour of the text beside them. */
const PATHS = {
  now: 'M4 6.5 9 4l6 2.5L20 4v13.5L15 20l-6-2.5L4 20zM9 4v13.5M15 6.5V20',
  heat: 'M12 3.5l7.4 4.2v8.6L12 20.5l-7.4-4.2V7.7zM12 8.5l3.2 1.8v3.6L12 15.7l-3.2-1.8v-3.6z',
  warnings: 'M12 4 21 19.5H3zM12 10v4.5M12 17v.3',
  incidents: 'M6 4h12v16H6zM9.5 8.5h5M9.5 12h5M9.5 15.5h3',
  layers: 'M12 4l8.5 4.5L12 13 3.5 8.5zM4.5 12.6 12 16.5l7.5-3.9M4.5 16.4 12 20.3l7.5-3.9',
  feeds:
    'M12 19v-5M8.2 10.6a5.4 5.4 0 0 1 7.6 0M5.2 7.6a9.6 9.6 0 0 1 13.6 0M12 13.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6z',
  deliveries: 'M3.5 11.5 20 4.5l-5 15-4-6zM11 13.5l9-9',
  rules: 'M4 6h9M17 6h3M15 4v4M4 12h3M11 12h9M9 10v4M4 18h10M18 18h2M16 16v4',
  rosters: 'M4.5 6h15v14h-15zM4.5 10h15M8.5 4v4M15.5 4v4M9.5 13.5h5v3.5h-5z',
  fences: 'M5 8.5 13 5l6 5.5-3 8.5-9-1.5zM5 8.5v.1M13 5v.1M19 10.5v.1M16 19v.1M7 17.5v.1',
  drills: 'M6 21V4M6 5h12l-3 4 3 4H6M10 5 6 9M15 5l-8 8M16.5 8 12 13',
  plan: 'M4 5h16v14H4zM4 11l7-1.5V5M11 9.5 13 19M12 13l8-1.5',
  pointer: 'M6 4l12 7-5.5 1.5L10 18z',
  cut: 'M18 5 6 19M4.5 9.5h4M15.5 14.5h4',
  join: 'M4 6h16v12H4zM12 6v3.5M12 14.5V18M8 12h8M10 10l-2 2 2 2M14 10l2 2-2 2',
  edge: 'M4 17 9.5 8.5 14 14l6-8M9.5 6.6a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8z',
  redraw: 'M5 19l1-4L16.5 4.5l3 3L9 18zM14 7l3 3',
  brush: 'M9 13.5 18.5 4 20 5.5 10.5 15M9 13.5c-2.5 0-3 1.5-3.2 3-.1 1.2-.8 2-1.8 2.5 3 .8 7 .2 7-3.5z',
  lasso: 'M12 4.5c-4.6 0-8 2-8 5s3.4 5 8 5 8-2 8-5-3.4-5-8-5zM7.5 13.6c-2 1.2-1.5 3.4.3 3.4s2 2.6-.3 3.5',
  house: 'M4.5 20V8.5L11 5v15M11 10h8.5v10M3 20h18M7.5 11v.1M7.5 15v.1M14 13.5h2.5M14 16.5h2.5',
  magnet: 'M6 4v8a6 6 0 0 0 12 0V4h-4v8a2 2 0 0 1-4 0V4zM6 8h4M14 8h4',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  search: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M14.5 6 8.5 12l6 6',
  right: 'M9.5 6l6 6-6 6',
  up: 'M6 14.5l6-6 6 6',
  down: 'M6 9.5l6 6 6-6',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  home: 'M4 11.5 12 5l8 6.5M6.5 10v9h11v-9',
  north: 'M12 3.5 16 20l-4-3-4 3z',
  tilt: 'M5 19V9l7-4 7 4v10M5 9l7 4 7-4M12 13v8',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.6-4 3.6-6 7.5-6s6.9 2 7.5 6',
  camera: 'M3 7.5h12v9H3zM15 11l6-3v8l-6-3',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  pin: 'M12 21c4-5 6.5-8 6.5-11.5a6.5 6.5 0 0 0-13 0C5.5 13 8 16 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  sound: 'M4 10v4h3.5L12 18V6L7.5 10zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  report: 'M5 4h14v12H9l-4 4zM9 8.5h6M9 12h4',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 1.25 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" style={{ width: `${size}rem`, height: `${size}rem` }} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
