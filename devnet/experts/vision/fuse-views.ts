// What several views of one picture show → one list, more certain than each of them.
import { logit, sharedArea, sigmoid } from './candidates.ts'
import { type Detection, normalise, PEAK_MIN } from './detections.ts'

/** Boxes of two views that share more of their area (intersection over union) are the same thing. */
const SAME_AREA = 0.5

interface Group {
  /** The most certain of the members; the others lie where it lies. */
  readonly lead: Detection
  /** By view, one each at most. */
  readonly members: Map<number, Detection>
}

/**
 * Matches the detections of the views, the most certain first, and averages each match.
 * Objectness is the mean of logits, where a view that does not see the thing counts as `PEAK_MIN`;
 * boxes and labels are means weighted by objectness.
 */
export function fuseViews(views: readonly (readonly Detection[])[]): Detection[] {
  const sighted = views
    .flatMap((detections, view) => detections.map((detection) => ({ view, detection })))
    .sort((first, second) => second.detection.objectness - first.detection.objectness)
  const groups: Group[] = []
  for (const { view, detection } of sighted) {
    const group = findGroup(groups, view, detection)
    if (group) group.members.set(view, detection)
    else groups.push({ lead: detection, members: new Map([[view, detection]]) })
  }
  return groups.map(({ members }) => average([...members.values()], views.length))
}

function findGroup(groups: readonly Group[], view: number, detection: Detection): Group | null {
  let best: { group: Group | null; shared: number } = { group: null, shared: SAME_AREA }
  for (const group of groups) {
    if (group.members.has(view)) continue
    const shared = sharedArea(group.lead, detection)
    if (shared > best.shared) best = { group, shared }
  }
  return best.group
}

function average(members: readonly Detection[], views: number): Detection {
  const total = members.reduce((sum, { objectness }) => sum + objectness, 0)
  const mean = (read: (member: Detection) => number) =>
    members.reduce((sum, member) => sum + (member.objectness / total) * read(member), 0)
  const blind = (views - members.length) * logit(PEAK_MIN)
  const seen = members.reduce((sum, { objectness }) => sum + logit(objectness), blind)
  const labels = members[0]?.logProbabilities.length ?? 0
  return {
    x: mean(({ x }) => x),
    y: mean(({ y }) => y),
    width: mean(({ width }) => width),
    height: mean(({ height }) => height),
    objectness: sigmoid(seen / views),
    logProbabilities: normalise(
      Float32Array.from({ length: labels }, (_, label) =>
        mean((member) => member.logProbabilities[label] ?? 0),
      ),
    ),
  }
}
