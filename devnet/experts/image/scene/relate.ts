// Where a thing goes that the prompt puts in relation to another one.
import type { Frame } from './brush.ts'
import { keepInside, overlapOf, type SceneItem, scaleItem, sizeOf } from './item.ts'
import type { SeededRandom } from './random.ts'
import type { SceneRelation } from './spec.ts'

interface Pair {
  readonly item: SceneItem
  readonly target: SceneItem
  readonly relation: SceneRelation
  readonly frame: Frame
  readonly random: SeededRandom
}

const isAloft = (item: SceneItem) => item.kind === 'sky' || item.kind === 'air'

/**
 * Moves the item to its place beside an item that has one already; the target may shrink, grow or move for it.
 *
 * @returns false when the relation says nothing about the place, so that the item has to be placed freely near by
 */
export function placeRelated(pair: Pair): boolean {
  const { item, target, relation, frame } = pair
  const side = item.member % 2 === 1 ? -1 : 1
  switch (relation.relation) {
    case 'under':
    case 'front':
      if (isAloft(target)) return false
      placeBefore(pair, side * (relation.order % 2 === 1 ? -1 : 1))
      break
    case 'behind': {
      const peek = Math.max(target.width * 0.35, target.width / 2 + item.width * 0.12)
      item.x = target.x + side * peek
      item.y = target.y - target.height * 0.12
      item.layer = -1
      break
    }
    case 'on':
      placeUpon(pair)
      break
    case 'above':
      placeAbove(pair)
      break
    case 'below':
      item.x = target.x + side * item.member * item.width
      item.y = target.y + item.height * 1.1
      if (item.y > frame.height - 12)
        target.y -= Math.min(item.y - frame.height + 12, target.y - target.height - 8)
      break
    case 'left':
    case 'right':
      placeAside(pair, relation.relation === 'left' ? -1 : 1)
      break
    case 'beside':
      if (item.kind === 'sky' || item.kind === 'air' || item.kind !== target.kind) return false
      item.x = target.x + side * (target.width + item.width) * (0.52 + 0.5 * Math.floor(item.member / 2))
      item.y = target.y + pair.random.between(-0.02, 0.04) * frame.height
  }
  keepInside(item, frame)
  return true
}

function placeBefore({ item, target, relation, frame }: Pair, side: number): void {
  if (sizeOf(target) < sizeOf(item) * 1.5) {
    const wanted = Math.min(sizeOf(item) * 1.7, Math.min(frame.width, frame.height) * 0.72)
    scaleItem(target, wanted / sizeOf(target))
    keepInside(target, frame)
  }
  const share = relation.relation === 'front' ? 0.3 : 0.2
  item.x = target.x + side * (target.width * share + item.width * 0.9 * item.member)
  item.y = target.y + item.height * 0.18
  item.layer = 1
}

function placeUpon({ item, target }: Pair): void {
  const side = item.member % 2 === 1 ? -1 : 1
  scaleItem(item, Math.min(1, (sizeOf(target) * 0.7) / sizeOf(item)))
  if (target.y - target.height * 0.88 - item.height < 8) {
    scaleItem(target, Math.max(0.3, ((target.y - item.height - 8) * 0.95) / target.height))
  }
  item.x = target.x + side * Math.ceil(item.member / 2) * item.width * 0.9
  item.y = target.y - target.height * 0.88
  item.layer = 1
  item.isRaised = true
}

function placeAbove({ item, target }: Pair): void {
  const side = item.member % 2 === 1 ? -1 : 1
  const need = (target.height + item.height * 1.1) / (target.y - 16)
  if (need > 1) {
    scaleItem(target, 1 / need)
    scaleItem(item, 1 / need)
  }
  item.x = target.x + side * Math.ceil(item.member / 2) * item.width * 1.05
  item.y = target.y - target.height - item.height * 0.1
  item.isRaised = true
}

function placeAside({ item, target, frame }: Pair, side: number): void {
  const room = item.width * 1.04 + target.width / 2 + 8
  if (item.member === 0) {
    target.x = side < 0 ? Math.max(target.x, room) : Math.min(target.x, frame.width - room)
  }
  item.x = target.x + side * ((target.width + item.width) * 0.52 + item.width * item.member)
  item.y = item.kind === 'sky' ? item.height + 0.06 * frame.height : target.y
}

/** Whether the picture shows the relation that was asked for. */
export function isRelationKept({ relation }: SceneRelation, item: SceneItem, target: SceneItem): boolean {
  switch (relation) {
    case 'left':
      return item.x < target.x
    case 'right':
      return item.x > target.x
    case 'above':
      return item.y - item.height / 2 < target.y - target.height / 2 && overlapOf(item, target) < 0.3
    case 'below':
      return item.y - item.height / 2 > target.y - target.height / 2
    case 'on':
      return item.y < target.y - target.height * 0.5
    default:
      return true
  }
}
