// City, room, space and the plain backdrop.
import { type Brush, tenth } from './brush.ts'
import { COLOURS, mixColours } from './colours.ts'
import { paintSky } from './sky.ts'

/** Two rows of houses with lit windows, a pavement and a street. */
export function paintCity(brush: Brush): void {
  const { random, frame, spec, shade } = brush
  const isSnowy = spec.weather === 'snow'
  paintSky(brush)
  for (const row of [0, 1]) {
    for (let x = -20; x < frame.width; ) {
      const width = random.between(60, 130)
      paintHouse(brush, row, { x, width })
      x += width + random.between(-6, 14)
    }
  }
  const street = frame.horizon + 110
  brush.rect([0, frame.horizon + 60, frame.width, frame.height], shade(isSnowy ? '#dde5ec' : '#a7aaa9'))
  brush.rect([0, street, frame.width, frame.height], shade(isSnowy ? '#c7d0d9' : '#5c6068'))
  for (let dash = -1; dash < 8; dash++) {
    const y = street + (frame.height - street) * 0.52
    brush.rect([(dash * frame.width) / 7 + 20, y, frame.width / 14, 12], shade('#f2e9c8'))
  }
}

function paintHouse(brush: Brush, row: number, { x, width }: { x: number; width: number }): void {
  const { random, frame, spec, shade } = brush
  const height = random.between(130, 400) * (row === 1 ? 0.72 : 1)
  const base = frame.horizon + 60
  const wall = shade(row === 1 ? random.pick(['#6d7f99', '#7c8799', '#86746f']) : '#9fb0c6')
  brush.rect([x, base - height, width, height], wall)
  if (row === 0) return
  const litShare = { night: 0.5, sunset: 0.4, day: 0.15 }[spec.time]
  for (let top = base - height + 16; top < base - 26; top += 30) {
    for (let left = x + 10; left < x + width - 16; left += 24) {
      brush.rect(
        [left, top, 11, 15],
        random.next() < litShare ? '#ffe08a' : mixColours(wall, '#0f1a2c', 0.35),
      )
    }
  }
}

/** Stars and nebulae on a dark ground. */
export function paintSpace(brush: Brush): void {
  const { random, frame } = brush
  const fill = brush.linear('sky', [
    [0, random.pick(['#0a0a24', '#120a2c', '#06122c'])],
    [1, random.pick(['#1b1450', '#0f2450', '#2a1250'])],
  ])
  brush.rect([0, 0, frame.width, frame.height], fill)
  for (let nebula = 0; nebula < 4; nebula++) {
    const cloud = brush.radial(`nebula${nebula}`, [
      [0, random.pick(['#8a4bd8', '#3c78e0', '#d64b9a', '#2fb0b8']), 0.4],
      [1, '#000', 0],
    ])
    brush.circle(
      [random.between(0, frame.width), random.between(0, frame.height), random.between(180, 420)],
      cloud,
    )
  }
  for (let star = 0; star < 160; star++) {
    const at = [
      random.between(0, frame.width),
      random.between(0, frame.height),
      random.between(0.7, 3),
    ] as const
    brush.circle(at, random.pick(['#fff', '#fff', '#ffe9c0', '#cfe0ff']), random.between(0.35, 1))
  }
}

/** A wall with a window that shows the time of day, and a wooden floor. */
export function paintRoom(brush: Brush): void {
  const { random, frame, shade } = brush
  const wall = random.pick(['#f2dfc2', '#cfe3ea', '#e5d5e8', '#d7e6cc', '#f4d9cf', '#e9e4da'])
  const floor = random.pick(['#b9824f', '#a06a3c', '#c79a68', '#8b5d3a'])
  brush.rect([0, 0, frame.width, frame.horizon], shade(wall))
  for (let line = 1; line < 9; line++) {
    brush.rect([(line * frame.width) / 9, 0, 2, frame.horizon], shade(mixColours(wall, '#000000', 0.06)))
  }
  paintWindow(brush)
  brush.rect([0, frame.horizon - 22, frame.width, 22], shade(mixColours(wall, '#ffffff', 0.5)))
  const wood = brush.linear('floor', [
    [0, shade(mixColours(floor, '#ffffff', 0.15))],
    [1, shade(floor)],
  ])
  brush.rect([0, frame.horizon, frame.width, frame.height - frame.horizon], wood)
  for (let board = 0; board < 6; board++) {
    const y = frame.horizon + (frame.height - frame.horizon) * ((board + 1) / 6.5) ** 1.4
    brush.rect([0, y, frame.width, 2.4], shade(mixColours(floor, '#000000', 0.25)), 0.5)
  }
}

function paintWindow(brush: Brush): void {
  const { random, frame, spec } = brush
  const x = random.pick([random.between(0.06, 0.2), random.between(0.6, 0.74)]) * frame.width
  const width = 0.2 * Math.min(frame.width, frame.height)
  const height = width * 1.15
  const [top, low] = {
    day: ['#8fcaf2', '#d9f0fb'],
    sunset: ['#7a5a96', '#ffb878'],
    night: ['#0d1740', '#2a3a70'],
  }[spec.time]
  const pane = brush.linear('window', [
    [0, top ?? '#8fcaf2'],
    [1, low ?? '#d9f0fb'],
  ])
  const y = frame.horizon * 0.16
  const wood = brush.shade('#f7f3ea')
  brush.rect([x - 12, y - 12, width + 24, height + 24], wood)
  brush.rect([x, y, width, height], pane)
  brush.rect([x + width / 2 - 4, y, 8, height], wood)
  brush.rect([x, y + height / 2 - 4, width, 8], wood)
}

/** One colour with a soft light in the middle; the prompt's colour when it names one. */
export function paintPlain(brush: Brush): void {
  const { random, frame, spec, shade } = brush
  const chosen = spec.backdrop === null ? undefined : COLOURS.get(spec.backdrop)
  const pastels = ['#f6d8c8', '#cfe6f5', '#dcefd6', '#f4e7b8', '#e3d8f3', '#f0f0f0', '#ffd9de', '#d3efe9']
  const colour = chosen ?? random.pick(pastels)
  const fill = brush.linear('sky', [
    [0, shade(mixColours(colour, '#ffffff', 0.25))],
    [1, shade(colour)],
  ])
  brush.rect([0, 0, frame.width, frame.height], fill)
  const spot = brush.radial('spot', [
    [0, '#fff', 0.55],
    [1, '#fff', 0],
  ])
  const radii = `rx="${tenth(frame.width * 0.5)}" ry="${tenth(frame.height * 0.46)}"`
  brush.add(
    `<ellipse cx="${tenth(frame.width / 2)}" cy="${tenth(frame.height * 0.52)}" ${radii} fill="${spot}"/>`,
  )
}
