/** Draws what a soak saw over time as an SVG: one panel for each quantity, from zero. */
import type { Sample } from './soak.ts'

const WIDTH = 860
const PANEL = 130
const LEFT = 70
const RIGHT = 20

const PANELS: readonly { readonly title: string; readonly read: (sample: Sample) => number }[] = [
  { title: 'Resident memory, MB', read: ({ memoryMb }) => memoryMb },
  { title: 'Open files and sockets', read: ({ openFiles }) => openFiles },
  { title: 'Delay of the event loop, 99th percentile, ms', read: ({ loopDelayMs }) => loopDelayMs },
  { title: 'Data directory, MB', read: ({ dataMb }) => dataMb },
  { title: 'Answers', read: ({ answers }) => answers },
]

export function drawSoak(samples: readonly Sample[], title: string): string {
  const last = samples.at(-1)?.minute ?? 1
  const panels = PANELS.map(({ title: name, read }, index) => {
    const top = 40 + index * PANEL
    const values = samples.map(read)
    const most = Math.max(...values, 1)
    const points = samples.map((sample, at) => {
      const x = LEFT + ((WIDTH - LEFT - RIGHT) * sample.minute) / last
      const y = top + 90 - (80 * (values[at] ?? 0)) / most
      return `${x.toFixed(1)},${y.toFixed(1)}`
    })
    return [
      text(8, top, name, 'bold'),
      text(LEFT - 6, top + 16, most.toFixed(0), 'normal', 'end'),
      text(LEFT - 6, top + 94, '0', 'normal', 'end'),
      `<line x1="${LEFT}" y1="${top + 90}" x2="${WIDTH - RIGHT}" y2="${top + 90}" stroke="#94a3b8"/>`,
      `<polyline points="${points.join(' ')}" fill="none" stroke="#0f766e" stroke-width="1.5"/>`,
    ].join('\n')
  })
  const height = 40 + PANELS.length * PANEL + 20
  const axis = text(WIDTH - RIGHT, height - 14, `${last.toFixed(0)} minutes`, 'normal', 'end')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13"><title>${title}</title><rect width="100%" height="100%" fill="#ffffff"/>${text(8, 18, title, 'bold')}${panels.join('\n')}${axis}</svg>\n`
}

const text = (x: number, y: number, content: string, weight = 'normal', anchor = 'start'): string =>
  `<text x="${x}" y="${y}" font-weight="${weight}" text-anchor="${anchor}" fill="#0f172a">${content}</text>`
