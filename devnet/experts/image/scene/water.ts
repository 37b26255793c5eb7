// Places with water: sea, beach, underwater.
import { type Brush, tenth } from './brush.ts'
import { mixColours } from './colours.ts'
import { paintSky } from './sky.ts'

/** Open water below a sky. */
export function paintSea(brush: Brush): void {
  paintSky(brush, brush.frame.horizon + 5)
  paintWater(brush, '#164f86')
}

/** Water in the distance, sand before it. */
export function paintBeach(brush: Brush): void {
  const { frame, spec, shade } = brush
  const isSnowy = spec.weather === 'snow'
  paintSky(brush, frame.horizon + 5)
  paintWater(brush, '#1f6fae')
  const y = frame.horizon + (frame.height - frame.horizon) * 0.33
  brush.wave({ y: y - 16, amplitude: 10, length: 200, fill: shade('#d9f0f7') })
  brush.wave({ y, amplitude: 10, length: 200, fill: shade(isSnowy ? '#eef3f7' : '#f0dcae') })
  brush.wave({ y: y + 120, amplitude: 12, length: 320, fill: shade(isSnowy ? '#e3ebf2' : '#e6cc94') })
}

function paintWater(brush: Brush, deepColour: string): void {
  const { random, frame, spec, shade } = brush
  const near = shade('#3fa0d8')
  const isNight = spec.time === 'night'
  const far =
    spec.time === 'sunset'
      ? mixColours(near, '#ffb27a', 0.5)
      : mixColours(near, '#ffffff', isNight ? 0 : 0.25)
  const fill = brush.linear('sea', [
    [0, far],
    [0.3, near],
    [1, shade(deepColour)],
  ])
  brush.rect([0, frame.horizon, frame.width, frame.height - frame.horizon], fill)
  for (let crest = 0; crest < 46; crest++) {
    const y = frame.horizon + 8 + random.next() ** 1.6 * (frame.height - frame.horizon)
    const length = 14 + (y - frame.horizon) * 0.16
    const x = random.between(-20, frame.width)
    const curve = `M${tenth(x)} ${tenth(y)}q${tenth(length / 2)} ${tenth(-length * 0.16)} ${tenth(length)} 0`
    const stroke = `stroke="#fff" stroke-opacity="${isNight ? 0.2 : 0.4}" stroke-width="${tenth(1.6 + (y - frame.horizon) * 0.004)}"`
    brush.add(`<path d="${curve}" ${stroke} fill="none"/>`)
  }
}

/** Light beams, sand, weeds and bubbles. */
export function paintUnderwater(brush: Brush): void {
  const { random, frame, shade } = brush
  const fill = brush.linear('sky', [
    [0, shade('#5cc6e6')],
    [0.5, shade('#2389bd')],
    [1, shade('#0f4f86')],
  ])
  brush.rect([0, 0, frame.width, frame.height], fill)
  for (let beam = 0; beam < 6; beam++) {
    const x = random.between(-0.1, 1) * frame.width
    const width = random.between(30, 90)
    const corners = `${tenth(x)},0 ${tenth(x + width)},0 ${tenth(x + width + 220)},${frame.height} ${tenth(x + 60)},${frame.height}`
    brush.add(`<polygon points="${corners}" fill="#fff" opacity="0.06"/>`)
  }
  brush.wave({ y: frame.height - 90, amplitude: 14, length: 180, fill: shade('#d9c48d') })
  brush.wave({ y: frame.height - 45, amplitude: 10, length: 150, fill: shade('#c9b077') })
  for (let weed = 0; weed < 9; weed++) paintWeed(brush)
  for (let bubble = 0; bubble < 24; bubble++) {
    const at = `cx="${tenth(random.between(0, frame.width))}" cy="${tenth(random.between(0, frame.height))}" r="${tenth(random.between(3, 12))}"`
    brush.add(
      `<circle ${at} fill="#fff" fill-opacity="0.14" stroke="#fff" stroke-opacity="0.5" stroke-width="1.6"/>`,
    )
  }
}

function paintWeed({ random, frame, shade, add }: Brush): void {
  const x = random.between(0, frame.width)
  const half = random.between(60, 210) / 2
  const stem = `M${tenth(x)} ${frame.height - 20}q${tenth(random.between(-30, 30))} ${tenth(-half)} 0 ${tenth(-half)}t${tenth(random.between(-12, 12))} ${tenth(-half)}`
  const stroke = shade(random.pick(['#2f9a6a', '#3bb07a', '#c2587a']))
  add(
    `<path d="${stem}" stroke="${stroke}" stroke-width="${tenth(random.between(7, 13))}" stroke-linecap="round" fill="none"/>`,
  )
}
