/** Draws bench/results/chat.json as bench/chat.svg: CPU per request and throughput of each system at 64 requests at once. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { here } from './processes.mjs'

const WIDTH = 860
const LABEL = 200
const BAR = 20
const GAP = 8

export function drawChat() {
  const rows = JSON.parse(readFileSync(join(here, 'results/chat.json'), 'utf8')).rows.filter(
    ({ connections }) => connections === 64,
  )
  const panels = rows.flatMap(({ stream, systems }) => [
    {
      title: `${stream ? 'Streamed' : 'Whole'} answers, 64 at once: CPU µs a request (less is better)`,
      bars: systems.map(({ name, cpuUs }) => [name, cpuUs]),
    },
    {
      title: `${stream ? 'Streamed' : 'Whole'} answers, 64 at once: requests a second on one core`,
      bars: systems.map(({ name, rps }) => [name, rps]),
    },
  ])
  let y = 16
  const parts = []
  for (const { title, bars } of panels) {
    y += 14
    parts.push(text(8, y, title, 'bold'))
    y += 12
    const most = Math.max(...bars.map(([, value]) => value))
    for (const [name, value] of bars) {
      const width = Math.max(2, ((WIDTH - LABEL - 90) * value) / most)
      parts.push(text(LABEL - 8, y + 15, name, 'normal', 'end'))
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${name === 'Yumagate' ? '#0f766e' : '#94a3b8'}"/>`,
      )
      parts.push(text(LABEL + width + 6, y + 15, value.toFixed(0)))
      y += BAR + GAP
    }
    y += 12
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="13"><title>CPU and throughput of a chat completion beside peers</title><rect width="100%" height="100%" fill="#ffffff"/>${parts.join('\n')}</svg>\n`
  writeFileSync(join(here, 'chat.svg'), svg)
}

const text = (x, y, content, weight = 'normal', anchor = 'start') =>
  `<text x="${x.toFixed(1)}" y="${y}" font-weight="${weight}" text-anchor="${anchor}" fill="#0f172a">${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
