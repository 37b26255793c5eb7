// Gives every thing of a scene a place: by kind, by relation, and so that nothing asked for is hidden.
import type { Frame } from './brush.ts'
import type { IconSet } from './icons.ts'
import { buildItems, hiddenShare, keepInside, overlapOf, type SceneItem, sizeOf } from './item.ts'
import { type SeededRandom, seededRandom } from './random.ts'
import { isRelationKept, placeRelated } from './relate.ts'
import type { Place, SceneSpec } from './spec.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface SceneLayout {
  readonly frame: Frame
  readonly spec: SceneSpec
  readonly seed: string
  /** In drawing order, the farthest first. */
  readonly items: readonly SceneItem[]
}

export interface LayoutOptions {
  readonly vocabulary: Vocabulary
  readonly icons: IconSet
  readonly seed: string
  /** Width divided by height of the picture. */
  readonly aspect: number
}

/** Layouts tried before the best of them is taken. */
const ATTEMPTS_MAX = 10
/** A thing that is covered by more than this share is hard to make out. */
const HIDDEN_SHARE_GOOD = 0.3
const SCENE_HEIGHT = 1000

const HORIZONS: Record<Place, number> = {
  none: 620,
  meadow: 540,
  forest: 600,
  sea: 470,
  beach: 430,
  underwater: 120,
  desert: 520,
  mountains: 600,
  city: 620,
  space: -1,
  room: 560,
}

/** Lays out a scene; the same spec and seed give the same layout. */
export function layoutScene(spec: SceneSpec, options: LayoutOptions): SceneLayout {
  const frame = frameOf(spec, options)
  let best: { items: SceneItem[]; fault: number } | null = null
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const random = seededRandom(`layout${options.seed}/${attempt}`)
    const items = arrange(spec, { ...options, frame, random })
    const fault = faultOf(items, spec)
    if (!best || fault < best.fault) best = { items, fault }
    if (best.fault < HIDDEN_SHARE_GOOD) break
  }
  return { frame, spec, seed: options.seed, items: best?.items ?? [] }
}

/** The picture plane of a scene: 1000 units high, the horizon where the place has it. */
export function frameOf(spec: SceneSpec, { seed, aspect }: { seed: string; aspect: number }): Frame {
  const drift = 0.97 + 0.06 * seededRandom(`frame${seed}`).next()
  return {
    width: Math.round(SCENE_HEIGHT * aspect),
    height: SCENE_HEIGHT,
    horizon: HORIZONS[spec.place] * drift,
  }
}

interface Stage {
  readonly spec: SceneSpec
  readonly frame: Frame
  readonly random: SeededRandom
  readonly placed: SceneItem[]
  readonly total: number
}

function arrange(
  spec: SceneSpec,
  tools: LayoutOptions & { frame: Frame; random: SeededRandom },
): SceneItem[] {
  const items = buildItems(spec, tools)
  const stage: Stage = { ...tools, spec, placed: [], total: items.length }
  const anchors = new Set(spec.relations.map((relation) => relation.to))
  const relationOf = new Map(spec.relations.map((relation) => [relation.from, relation]))
  const rank = (item: SceneItem) => (anchors.has(item.group) ? 0 : 2) + (relationOf.has(item.group) ? 1 : 0)
  const order = [...items].sort((a, b) => rank(a) - rank(b) || sizeOf(b) - sizeOf(a))
  for (const item of order) {
    const relation = relationOf.get(item.group)
    const target = relation && targetOf(item, relation.to, stage.placed)
    if (!target || !relation) placeFreely(item, stage)
    else if (!placeRelated({ item, target, relation, frame: tools.frame, random: tools.random })) {
      placeFreely(item, stage, target)
    }
    stage.placed.push(item)
  }
  return [...stage.placed].sort(byDepth)
}

/** The member of the other object that this item belongs to: the same number, or the last one. */
function targetOf(item: SceneItem, group: number, placed: readonly SceneItem[]): SceneItem | undefined {
  const candidates = placed.filter((other) => other.group === group).sort((a, b) => a.member - b.member)
  return candidates[Math.min(item.member, candidates.length - 1)]
}

/** Tries places that suit the kind and takes the one that overlaps least what is there. */
function placeFreely(item: SceneItem, stage: Stage, near?: SceneItem): void {
  const { frame, random, placed, total } = stage
  let best: { fault: number; x: number; y: number } | null = null
  for (let attempt = 0; attempt < 60; attempt++) {
    item.x = near
      ? near.x + random.between(-1, 1) * (near.width + item.width) * 0.7
      : random.between(0.1, 0.9) * frame.width
    item.y = footFor(item, stage)
    keepInside(item, frame)
    const overlap = placed.reduce((sum, other) => sum + overlapOf(item, other), 0)
    const pull = near
      ? (Math.abs(item.x - near.x) / frame.width) * 0.1
      : (Math.abs(item.x - frame.width / 2) / frame.width) * (total < 3 ? 0.5 : 0.05)
    if (!best || overlap + pull < best.fault - 1e-9) best = { fault: overlap + pull, x: item.x, y: item.y }
    if (overlap + pull < 0.03) break
  }
  if (!best) return
  item.x = best.x
  item.y = best.y
}

const isFree = (place: Place) => place === 'space' || place === 'underwater'

function footFor(item: SceneItem, { spec, frame, random }: Stage): number {
  const { height, horizon } = frame
  if (isFree(spec.place)) return random.between(0.18, 0.96) * height
  if (item.kind === 'sky')
    return item.height + random.between(0.03, Math.max(0.05, horizon / height - 0.28)) * height
  if (item.kind === 'air')
    return item.height + random.between(0.12, Math.max(0.15, horizon / height - 0.2)) * height
  if (item.kind === 'water' && spec.place === 'sea') return horizon + random.between(0.06, 0.36) * height
  if (item.kind === 'water' && spec.place === 'beach') return horizon + random.between(0.03, 0.14) * height
  return random.between(Math.max(0.72, horizon / height + 0.1), 0.97) * height
}

function byDepth(first: SceneItem, second: SceneItem): number {
  const isSky = Number(second.kind === 'sky') - Number(first.kind === 'sky')
  return isSky || first.y + first.layer * 60 - (second.y + second.layer * 60)
}

/** How badly a layout shows what was asked for: the most hidden thing, and 0.5 for every broken relation. */
function faultOf(items: readonly SceneItem[], spec: SceneSpec): number {
  const hidden = items.map((item, index) => hiddenShare(item, items.slice(index + 1)))
  let fault = Math.max(0, ...hidden)
  for (const relation of spec.relations) {
    const [item] = items.filter((candidate) => candidate.group === relation.from && candidate.member === 0)
    const [target] = items.filter((candidate) => candidate.group === relation.to && candidate.member === 0)
    if (item && target && !isRelationKept(relation, item, target)) fault += 0.5
  }
  return fault
}

/** Whether a thing stands on ground that takes its shadow. */
export function throwsShadow(item: SceneItem, { spec, frame }: SceneLayout): boolean {
  if (isFree(spec.place) || item.isRaised || item.y < frame.horizon) return false
  if (item.kind === 'water') return spec.place !== 'sea' && spec.place !== 'beach'
  return item.kind !== 'sky' && item.kind !== 'air'
}
