// Sky, ground and distant trees, which most places share.
import { type Brush, tenth } from './brush.ts'
import { mixColours } from './colours.ts'

function skyColours({ spec }: Brush): [string, string, string] {
  if (spec.time === 'night') return ['#0a1338', '#1c2d63', '#3b4d86']
  if (spec.time === 'sunset') return ['#5a4a8f', '#e8825f', '#ffd08a']
  if (spec.weather === 'rain' || spec.weather === 'fog') return ['#7f90a3', '#a9b6c2', '#cfd6db']
  if (spec.weather === 'snow') return ['#9db8d6', '#c9dbea', '#eef4f8']
  return ['#5fb4f0', '#a6d8f7', '#e4f5fc']
}

/** Paints the sky down to `bottom`, with stars, glow or clouds as time and weather have it. */
export function paintSky(brush: Brush, bottom = brush.frame.horizon + 40): void {
  const { random, spec, frame } = brush
  const isWet = spec.weather === 'rain' || spec.weather === 'fog'
  const drift = random.between(-0.06, 0.06)
  const [top, middle, low] = skyColours(brush)
  const fill = brush.linear('sky', [
    [0, mixColours(top, '#ffffff', Math.max(0, drift))],
    [0.6 + drift, middle],
    [1, low],
  ])
  brush.rect([0, 0, frame.width, bottom], fill)
  if (spec.time === 'night' && !isWet) paintStars(brush, bottom)
  if (spec.time === 'sunset') {
    const glow = brush.radial('glow', [
      [0, '#fff2c0', 0.95],
      [0.35, '#ffd27a', 0.55],
      [1, '#ffb45a', 0],
    ])
    brush.circle([random.between(0.2, 0.8) * frame.width, bottom - 30, 330], glow)
  }
  if (spec.time !== 'night' && !isWet) paintClouds(brush, bottom)
}

function paintStars({ random, frame, circle }: Brush, bottom: number): void {
  for (let star = 0; star < 70; star++) {
    const at = [
      random.between(0, frame.width),
      random.between(0, bottom * 0.9),
      random.between(0.8, 2.6),
    ] as const
    circle(at, '#fff', random.between(0.3, 0.9))
  }
}

function paintClouds(brush: Brush, bottom: number): void {
  const { random, frame } = brush
  const fill = brush.radial('puff', [
    [0, '#fff', 0.75],
    [0.6, '#fff', 0.35],
    [1, '#fff', 0],
  ])
  for (let cloud = 0; cloud < 4; cloud++) {
    const x = tenth(random.between(0, frame.width))
    const y = tenth(random.between(0.05, 0.6) * bottom)
    const radii = `rx="${tenth(random.between(120, 300))}" ry="${tenth(random.between(20, 46))}"`
    brush.add(`<ellipse cx="${x}" cy="${y}" ${radii} fill="${fill}"/>`)
  }
}

export interface Ground {
  /** One row of hills a colour, from far to near. */
  readonly colours: readonly string[]
  /** Where the farthest begins. */
  readonly y: number
  readonly amplitude?: number
}

/** Paints hills one before the other; snow covers them. */
export function paintGround(brush: Brush, { colours, y, amplitude = 14 }: Ground): void {
  const isSnowy = brush.spec.weather === 'snow'
  for (const [row, colour] of colours.entries()) {
    brush.wave({
      y: y + row * ((brush.frame.height - y) / colours.length) * 0.75,
      amplitude: amplitude + row * 6,
      length: 190 + 60 * row,
      fill: brush.shade(isSnowy ? mixColours(colour, '#f3f8fd', 0.9 - 0.06 * row) : colour),
    })
  }
}

const firPath = (x: number, base: number, height: number) => {
  const half = height * 0.32
  const middle = tenth(base - height * 0.5)
  return `M${tenth(x)} ${tenth(base - height)}L${tenth(x + half * 0.6)} ${middle}L${tenth(x + half * 0.34)} ${middle}L${tenth(x + half)} ${tenth(base)}L${tenth(x - half)} ${tenth(base)}L${tenth(x - half * 0.34)} ${middle}L${tenth(x - half * 0.6)} ${middle}Z`
}

/** Paints rows of trees, one row a colour, from far to near. */
export function paintTrees(brush: Brush, colours: readonly string[], shape: 'fir' | 'round'): void {
  const { random, frame, spec, shade } = brush
  const perRow = 13
  for (const [row, colour] of colours.entries()) {
    for (let tree = 0; tree < perRow; tree++) {
      const x = ((tree + random.between(-0.3, 1.3)) / perRow) * frame.width
      const height = 250 * random.between(0.7, 1.25) * (1 + row * 0.28)
      const base = frame.horizon + 20 + row * 26 + random.between(-6, 10)
      const fill = shade(spec.weather === 'snow' ? mixColours(colour, '#dfeaf2', 0.45) : colour)
      if (shape === 'fir') {
        brush.add(`<path d="${firPath(x, base, height)}" fill="${fill}"/>`)
        continue
      }
      brush.rect([x - 5, base - height * 0.5, 10, height * 0.5], shade('#5b4632'))
      brush.add(
        `<ellipse cx="${tenth(x)}" cy="${tenth(base - height * 0.66)}" rx="${tenth(height * 0.27)}" ry="${tenth(height * 0.36)}" fill="${fill}"/>`,
      )
    }
  }
}
