// What a scene consists of, before it has a layout. Read from a prompt, or drawn at random for training.

export const PLACES = [
  'none',
  'meadow',
  'forest',
  'sea',
  'beach',
  'underwater',
  'desert',
  'mountains',
  'city',
  'space',
  'room',
] as const
export const TIMES = ['day', 'sunset', 'night'] as const
export const WEATHERS = ['clear', 'rain', 'snow', 'fog'] as const
export const RELATIONS = [
  'under',
  'below',
  'on',
  'above',
  'beside',
  'behind',
  'front',
  'left',
  'right',
] as const

export type Place = (typeof PLACES)[number]
export type Time = (typeof TIMES)[number]
export type Weather = (typeof WEATHERS)[number]
export type Relation = (typeof RELATIONS)[number]

/** One noun of the prompt: `count` things of the label, tinted and scaled alike. */
export interface SceneObject {
  readonly label: string
  /** 1 to 12. */
  readonly count: number
  /** A key of `COLOURS`; null leaves the drawing as it is. */
  readonly colour: string | null
  /** 1 is the usual size of the label. */
  readonly size: number
}

/** Object number `from` stands in `relation` to object number `to`; `order` tells those apart that share both. */
export interface SceneRelation {
  readonly from: number
  readonly relation: Relation
  readonly to: number
  readonly order: number
}

export interface SceneSpec {
  readonly objects: readonly SceneObject[]
  readonly relations: readonly SceneRelation[]
  readonly place: Place
  readonly time: Time
  readonly weather: Weather
  /** A key of `COLOURS` for the plain background; null leaves the choice to the seed. */
  readonly backdrop: string | null
}
