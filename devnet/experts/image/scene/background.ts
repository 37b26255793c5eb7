// The background of a scene: place, time and weather, painted by code.
import { type Brush, createBrush, type Frame, tenth } from './brush.ts'
import { paintCity, paintPlain, paintRoom, paintSpace } from './built.ts'
import { paintDesert, paintForest, paintMeadow, paintMountains } from './land.ts'
import type { Place, SceneSpec } from './spec.ts'
import { paintBeach, paintSea, paintUnderwater } from './water.ts'

const PAINTERS: Record<Place, (brush: Brush) => void> = {
  none: paintPlain,
  meadow: paintMeadow,
  forest: paintForest,
  sea: paintSea,
  beach: paintBeach,
  underwater: paintUnderwater,
  desert: paintDesert,
  mountains: paintMountains,
  city: paintCity,
  space: paintSpace,
  room: paintRoom,
}

/** Gradients and shapes of the place under its light, to be drawn before the objects. */
export function paintBackground(frame: Frame, spec: SceneSpec, seed: string): { defs: string; body: string } {
  const brush = createBrush(frame, spec, `background${seed}${spec.place}`)
  PAINTERS[spec.place](brush)
  return brush.finish()
}

/** Night veil, rain, snow or fog, to be drawn over the objects. */
export function paintWeather(frame: Frame, spec: SceneSpec, seed: string): { defs: string; body: string } {
  const brush = createBrush(frame, spec, `weather${seed}`)
  const { random } = brush
  if (spec.time === 'night' && spec.place !== 'space') {
    brush.rect([0, 0, frame.width, frame.height], '#0b1740', 0.2)
  }
  if (spec.weather === 'rain') {
    for (let drop = 0; drop < 130; drop++) {
      const start = `M${tenth(random.between(-40, frame.width))} ${tenth(random.between(-40, frame.height))}`
      const length = random.between(22, 46)
      brush.add(
        `<path d="${start}l${tenth(-length * 0.2)} ${tenth(length)}" stroke="#dcebf7" stroke-opacity="0.55" stroke-width="2.4" stroke-linecap="round"/>`,
      )
    }
  }
  if (spec.weather === 'snow') {
    for (let flake = 0; flake < 130; flake++) {
      const at = [
        random.between(0, frame.width),
        random.between(0, frame.height),
        random.between(1.6, 6),
      ] as const
      brush.circle(at, '#fff', random.between(0.5, 1))
    }
  }
  if (spec.weather === 'fog') {
    const veil = brush.linear('fog', [
      [0, '#eef2f5', 0.15],
      [0.55, '#eef2f5', 0.5],
      [1, '#eef2f5', 0.3],
    ])
    brush.rect([0, 0, frame.width, frame.height], veil)
  }
  return brush.finish()
}
