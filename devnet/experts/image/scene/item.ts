// One thing of a scene with its place on the picture plane, and how such things cover each other.
import type { Frame } from './brush.ts'
import { chooseIcon, type Icon, type IconSet } from './icons.ts'
import type { SeededRandom } from './random.ts'
import type { SceneSpec } from './spec.ts'
import type { NounKind, Vocabulary } from './vocabulary.ts'

/** Lengths in scene units; changed while the layout is searched. */
export interface SceneItem {
  readonly label: string
  readonly kind: NounKind
  readonly colour: string | null
  readonly icon: Icon
  /** Number of its object in the spec, and its own number among that object's things. */
  readonly group: number
  readonly member: number
  readonly isFlipped: boolean
  /** Centre. */
  x: number
  /** Foot. */
  y: number
  width: number
  height: number
  /** Drawn before (1) or behind (-1) what stands at the same depth. */
  layer: number
  /** Stands on or hangs above another thing, so it throws no shadow on the ground. */
  isRaised: boolean
}

/** Scales an item, its foot and centre staying where they are. */
export function scaleItem(item: SceneItem, factor: number): void {
  item.width *= factor
  item.height *= factor
}

/** Longest side. */
export const sizeOf = (item: SceneItem): number => Math.max(item.width, item.height)

/** Moves an item into the frame, and shrinks it when it does not fit. */
export function keepInside(item: SceneItem, frame: Frame): void {
  const fit = Math.min(1, (frame.width * 0.86) / item.width, (frame.height * 0.8) / item.height)
  scaleItem(item, fit)
  item.x = Math.min(frame.width - item.width / 2 - 8, Math.max(item.width / 2 + 8, item.x))
  item.y = Math.min(frame.height - 12, Math.max(item.height + 8, item.y))
}

/** Shared area of two items' boxes, as a share of the smaller box. */
export function overlapOf(first: SceneItem, second: SceneItem): number {
  const across =
    Math.min(first.x + first.width / 2, second.x + second.width / 2) -
    Math.max(first.x - first.width / 2, second.x - second.width / 2)
  const down = Math.min(first.y, second.y) - Math.max(first.y - first.height, second.y - second.height)
  if (across <= 0 || down <= 0) return 0
  return (across * down) / Math.min(first.width * first.height, second.width * second.height)
}

/** Share (0 to 1) of an item that nearer items cover; a drawing is taken for the ellipse in its box. */
export function hiddenShare(item: SceneItem, nearer: readonly SceneItem[]): number {
  let covered = 0
  const steps = 8
  for (let row = 0; row < steps; row++) {
    for (let column = 0; column < steps; column++) {
      const x = item.x + item.width * 0.9 * ((column + 0.5) / steps - 0.5)
      const y = item.y - item.height * (0.05 + (0.9 * (row + 0.5)) / steps)
      const isCovered = nearer.some((other) => {
        const across = (x - other.x) / (other.width / 2)
        const down = (y - other.y + other.height / 2) / (other.height / 2)
        return across * across + down * down < 1
      })
      if (isCovered) covered++
    }
  }
  return covered / (steps * steps)
}

/** Every thing of the spec at its size, not placed yet. Nouns that the icon set does not draw are left out. */
export function buildItems(
  spec: SceneSpec,
  {
    vocabulary,
    icons,
    frame,
    random,
  }: { vocabulary: Vocabulary; icons: IconSet; frame: Frame; random: SeededRandom },
): SceneItem[] {
  const total = spec.objects.reduce((sum, object) => sum + object.count, 0)
  const shrink = Math.max(0.12, 0.46 / Math.max(1, total) ** 0.4)
  const unit = Math.min(frame.width, frame.height) * (spec.place === 'room' ? 1.2 : 1) * shrink
  return spec.objects.flatMap((object, group) => {
    const entry = vocabulary.byLabel.get(object.label)
    if (!entry) return []
    return Array.from({ length: object.count }, (_, member) => {
      const size = unit * entry.size * object.size * random.between(0.92, 1.08)
      const icon = chooseIcon(icons, entry, random.next())
      const isFlipped = random.next() < 0.5
      if (!icon) return []
      const scale = size / Math.max(icon.box.width, icon.box.height)
      const shape = { width: icon.box.width * scale, height: icon.box.height * scale }
      const { label, colour } = object
      const standing = { x: 0, y: 0, layer: 0, isRaised: false }
      return { label, colour, kind: entry.kind, icon, group, member, isFlipped, ...shape, ...standing }
    }).flat()
  })
}
