// Words of a prompt that are no nouns: numbers, sizes, places, times, weathers, relations, and what is passed over.
import type { Place, Relation, Time, Weather } from '../scene/spec.ts'

const table = <T>(rows: readonly (readonly [value: T, words: string])[]): ReadonlyMap<string, T> =>
  new Map(rows.flatMap(([value, words]) => words.split(' ').map((word) => [word, value] as const)))

/** Number words; digits are read as they are. */
export const NUMBERS = table<number>([
  [1, 'a an one single'],
  [2, 'two couple pair both twin'],
  [3, 'three few some'],
  [4, 'four several group'],
  [5, 'five herd'],
  [6, 'six many flock bunch lots'],
  [7, 'seven'],
  [8, 'eight'],
  [9, 'nine'],
  [10, 'ten'],
  [11, 'eleven'],
  [12, 'twelve dozen'],
])

/** Size words and their factor. */
export const SIZES = table<number>([
  [1.8, 'giant gigantic enormous'],
  [1.7, 'huge'],
  [1.4, 'big large'],
  [1.3, 'tall'],
  [0.7, 'small little'],
  [0.5, 'tiny mini miniature'],
])

export const PLACE_WORDS = table<Place>([
  ['sea', 'sea ocean lake river water harbour harbor'],
  ['beach', 'beach shore coast island seaside'],
  ['underwater', 'underwater reef aquarium'],
  ['forest', 'forest wood woods jungle woodland'],
  ['desert', 'desert dunes sahara'],
  ['mountains', 'mountains hills alps'],
  ['city', 'city town street road skyline village'],
  ['space', 'space universe galaxy orbit cosmos'],
  ['room', 'room kitchen table indoors office bedroom shelf inside'],
  ['meadow', 'meadow field park garden grass farm lawn savanna outdoors sky prairie'],
  ['none', 'studio background backdrop'],
])

export const TIME_WORDS = table<Time>([
  ['night', 'night midnight nighttime moonlight dark'],
  ['sunset', 'evening sunset dusk dawn sunrise twilight'],
  ['day', 'day noon morning daytime sunny daylight afternoon'],
])

export const WEATHER_WORDS = table<Weather>([
  ['rain', 'rain rainy raining storm stormy'],
  ['snow', 'snow snowy snowing winter blizzard ice icy'],
  ['fog', 'fog foggy mist misty'],
  ['clear', 'clear'],
])

/** Relations, the longest first: at a place in the prompt the first that fits is taken. */
export const RELATION_PHRASES: readonly (readonly [phrase: string, relation: Relation])[] = [
  ['in front of', 'front'],
  ['on top of', 'on'],
  ['to the left of', 'left'],
  ['to the right of', 'right'],
  ['on the left of', 'left'],
  ['on the right of', 'right'],
  ['left of', 'left'],
  ['right of', 'right'],
  ['next to', 'beside'],
  ['close to', 'beside'],
  ['sitting on', 'on'],
  ['standing on', 'on'],
  ['riding', 'on'],
  ['on', 'on'],
  ['under', 'under'],
  ['underneath', 'under'],
  ['beneath', 'under'],
  ['below', 'below'],
  ['above', 'above'],
  ['over', 'above'],
  ['behind', 'behind'],
  ['near', 'beside'],
  ['beside', 'beside'],
  ['by', 'beside'],
  ['with', 'beside'],
  ['between', 'beside'],
]

/** Nouns of several words, and the word of the vocabulary they mean. */
export const NOUN_PHRASES: ReadonlyMap<string, string> = new Map([
  ['ice cream', 'icecream'],
  ['hot dog', 'hotdog'],
  ['fire truck', 'firetruck'],
  ['fire engine', 'firetruck'],
  ['ferris wheel', 'ferriswheel'],
  ['light bulb', 'lightbulb'],
  ['teddy bear', 'teddy'],
  ['soccer ball', 'football'],
  ['palm tree', 'palm'],
  ['pine tree', 'pine'],
  ['fir tree', 'pine'],
  ['christmas tree', 'pine'],
  ['oak tree', 'tree'],
  ['apple tree', 'tree'],
  ['flying saucer', 'ufo'],
  ['sailing boat', 'sailboat'],
  ['fishing boat', 'ship'],
  ['santa claus', 'santa'],
  ['french fries', 'fries'],
  ['sea shell', 'shell'],
  ['snow man', 'snowman'],
  ['wine glass', 'wine'],
  ['alarm clock', 'clock'],
  ['police car', 'car'],
  ['sports car', 'car'],
  ['race car', 'car'],
  ['polar bear', 'bear'],
  ['brown bear', 'bear'],
  ['top hat', 'hat'],
  ['mobile phone', 'phone'],
  ['hot air balloon', 'balloon'],
  ['shooting star', 'star'],
  ['jack o lantern', 'pumpkin'],
  ['lightning bolt', 'lightning'],
  ['space ship', 'rocket'],
  ['musical keyboard', 'piano'],
  ['t rex', 'dinosaur'],
  ['cup of coffee', 'coffee'],
  ['cup of tea', 'coffee'],
  ['glass of wine', 'wine'],
  ['glass of beer', 'beer'],
  ['slice of pizza', 'pizza'],
  ['loaf of bread', 'bread'],
])

/** Words that say nothing about the picture: neither used nor unused. */
export const PASSED_OVER: ReadonlySet<string> = new Set(
  (
    'of the in at is are there its it this that to from into as be for and or with by i you me my we us please ' +
    'draw paint make create generate show give picture image photo photograph drawing painting illustration ' +
    'scene depicting showing containing featuring light full'
  ).split(' '),
)
