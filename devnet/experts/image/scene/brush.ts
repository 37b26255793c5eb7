// Primitives the backgrounds are painted with: SVG text is collected in drawing order.
import { mixColours } from './colours.ts'
import { type SeededRandom, seededRandom } from './random.ts'
import type { SceneSpec } from './spec.ts'

/** The picture plane: scene units, 1000 high, as wide as the picture's aspect asks. */
export interface Frame {
  readonly width: number
  readonly height: number
  /** Height of the line where ground meets sky, from the top. */
  readonly horizon: number
}

export type GradientStop = readonly [offset: number, colour: string, opacity?: number]

export interface Wave {
  readonly y: number
  readonly amplitude: number
  readonly length: number
  readonly fill: string
}

export interface Brush {
  readonly frame: Frame
  readonly spec: SceneSpec
  readonly random: SeededRandom
  /** Adds raw SVG. */
  add(svg: string): void
  rect(
    box: readonly [x: number, y: number, width: number, height: number],
    fill: string,
    opacity?: number,
  ): void
  circle(at: readonly [x: number, y: number, radius: number], fill: string, opacity?: number): void
  /** A hilly area that reaches to the bottom of the picture. */
  wave(wave: Wave): void
  /** Defines a vertical gradient; the answer is what `fill` takes. */
  linear(id: string, stops: readonly GradientStop[]): string
  radial(id: string, stops: readonly GradientStop[]): string
  /** The colour under this scene's light and weather. */
  shade(colour: string): string
  /** Everything painted so far. */
  finish(): { defs: string; body: string }
}

/** Rounds to a tenth of a scene unit, which keeps the SVG short. */
export const tenth = (value: number): number => Math.round(value * 10) / 10

const stopsOf = (stops: readonly GradientStop[]) =>
  stops
    .map(([offset, colour, opacity]) => {
      const alpha = opacity === undefined ? '' : ` stop-opacity="${opacity}"`
      return `<stop offset="${Math.round(offset * 1000) / 1000}" stop-color="${colour}"${alpha}/>`
    })
    .join('')

export const linearGradient = (id: string, stops: readonly GradientStop[]): string =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stopsOf(stops)}</linearGradient>`

export const radialGradient = (id: string, stops: readonly GradientStop[]): string =>
  `<radialGradient id="${id}">${stopsOf(stops)}</radialGradient>`

function shadeFor(spec: SceneSpec): (colour: string) => string {
  return (colour) => {
    let shaded = colour
    if (spec.weather === 'rain' || spec.weather === 'fog') shaded = mixColours(shaded, '#8b97a3', 0.35)
    if (spec.time === 'sunset') shaded = mixColours(shaded, '#c9603f', 0.22)
    if (spec.time === 'night') shaded = mixColours(shaded, '#101d45', spec.weather === 'snow' ? 0.45 : 0.62)
    return shaded
  }
}

/** An empty picture plane to paint on. */
export function createBrush(frame: Frame, spec: SceneSpec, seed: string): Brush {
  const random = seededRandom(seed)
  const defs: string[] = []
  const body: string[] = []
  return {
    frame,
    spec,
    random,
    add: (svg) => void body.push(svg),
    rect([x, y, width, height], fill, opacity = 1) {
      const alpha = opacity < 1 ? ` opacity="${opacity}"` : ''
      body.push(
        `<rect x="${tenth(x)}" y="${tenth(y)}" width="${tenth(width)}" height="${tenth(height)}" fill="${fill}"${alpha}/>`,
      )
    },
    circle([x, y, radius], fill, opacity = 1) {
      const alpha = opacity < 1 ? ` opacity="${tenth(opacity * 10) / 10}"` : ''
      body.push(`<circle cx="${tenth(x)}" cy="${tenth(y)}" r="${tenth(radius)}" fill="${fill}"${alpha}/>`)
    },
    wave({ y, amplitude, length, fill }) {
      const first = random.between(0, 9)
      const second = random.between(0, 9)
      const points: string[] = []
      for (let step = 0; step <= 40; step++) {
        const x = (frame.width * step) / 40
        const swing = Math.sin(x / length + first) + 0.5 * Math.sin((x / length) * 2.3 + second)
        points.push(`${tenth(x)},${tenth(y + amplitude * swing)}`)
      }
      body.push(
        `<polygon points="0,${frame.height} ${points.join(' ')} ${frame.width},${frame.height}" fill="${fill}"/>`,
      )
    },
    linear(id, stops) {
      defs.push(linearGradient(id, stops))
      return `url(#${id})`
    },
    radial(id, stops) {
      defs.push(radialGradient(id, stops))
      return `url(#${id})`
    },
    shade: shadeFor(spec),
    finish: () => ({ defs: defs.join(''), body: body.join('') }),
  }
}
