// Places on land: meadow, forest, mountains, desert.
import { type Brush, tenth } from './brush.ts'
import { paintGround, paintSky, paintTrees } from './sky.ts'

/** Grass hills with blades. */
export function paintMeadow(brush: Brush): void {
  const { random, frame, spec, shade } = brush
  const isSnowy = spec.weather === 'snow'
  paintSky(brush)
  brush.wave({
    y: frame.horizon - 30,
    amplitude: 22,
    length: 240,
    fill: shade(isSnowy ? '#dbe7f0' : '#8fc98a'),
  })
  paintGround(brush, { colours: ['#7cc36b', '#63b255', '#4f9f48'], y: frame.horizon })
  const stroke = shade(isSnowy ? '#c3d4df' : '#3d8a3b')
  for (let tuft = 0; tuft < 70; tuft++) {
    const x = random.between(0, frame.width)
    const y = random.between(frame.horizon + 50, frame.height)
    const size = 6 + (y - frame.horizon) * 0.03
    const left = `M${tenth(x - size * 0.6)} ${tenth(y)}q${tenth(size * 0.2)} ${tenth(-size)} ${tenth(size * 0.1)} ${tenth(-size * 1.3)}`
    const right = `M${tenth(x)} ${tenth(y)}q${tenth(size * 0.2)} ${tenth(-size)} ${tenth(size * 0.5)} ${tenth(-size * 1.4)}`
    brush.add(`<path d="${left}${right}" stroke="${stroke}" stroke-width="2.4" fill="none"/>`)
  }
}

/** Three rows of firs or round trees. */
export function paintForest(brush: Brush): void {
  paintSky(brush, brush.frame.horizon + 110)
  paintTrees(brush, ['#a9cdb0', '#79ab84', '#4f8a5f'], brush.random.next() < 0.6 ? 'fir' : 'round')
  paintGround(brush, { colours: ['#5f9a52', '#4f8746', '#41743b'], y: brush.frame.horizon + 60 })
}

/** Dunes. */
export function paintDesert(brush: Brush): void {
  const { frame, spec, shade } = brush
  paintSky(brush)
  brush.wave({
    y: frame.horizon,
    amplitude: 26,
    length: 260,
    fill: shade(spec.weather === 'snow' ? '#e6edf3' : '#f0d59a'),
  })
  paintGround(brush, { colours: ['#e8c57f', '#dcb267', '#cf9f55'], y: frame.horizon + 70, amplitude: 24 })
}

/** Two chains of peaks with snow caps. */
export function paintMountains(brush: Brush): void {
  paintSky(brush)
  for (const row of [0, 1]) {
    for (let peak = 0; peak < 4; peak++) paintPeak(brush, row, peak)
  }
  paintGround(brush, { colours: ['#78a96a', '#659a58', '#53874a'], y: brush.frame.horizon })
}

function paintPeak(brush: Brush, row: number, peak: number): void {
  const { random, frame, shade } = brush
  const x = ((peak + random.between(0, 0.7)) / 3.6) * frame.width
  const height = random.between(210, 400) * (row === 1 ? 0.7 : 1)
  const half = height * random.between(0.75, 1.05)
  const base = frame.horizon + 40
  const point = (across: number, up: number) => `${tenth(x + half * across)},${tenth(base - height * up)}`
  const rock = [point(-1, 0), point(0, 1), point(1, 0)].join(' ')
  const cap = [
    point(0, 1),
    point(0.27, 0.73),
    point(0.1, 0.66),
    point(0, 0.76),
    point(-0.12, 0.64),
    point(-0.26, 0.74),
  ].join(' ')
  brush.add(`<polygon points="${rock}" fill="${shade(row === 1 ? '#6f86a6' : '#8fa6c3')}"/>`)
  brush.add(`<polygon points="${cap}" fill="${shade('#f5f9fd')}"/>`)
}
