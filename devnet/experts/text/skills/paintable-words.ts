// Words of a picture that the composer's vocabulary does not hold, but that another painter may know; and what surrounds them.

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Things and people that can be seen. Plurals by rule. */
export const EXTRA_NOUNS = set(
  'child children people person king queen prince princess knight wizard witch pirate soldier farmer sailor doctor nurse teacher ' +
    'pupil student astronaut cowboy clown dancer singer painter fisherman policeman fireman baker cook driver pilot friend family ' +
    'brother sister mother father grandmother grandfather couple crowd angel fairy mermaid monster animal pet insect ' +
    'bridge lighthouse windmill waterfall well barn fence wall gate window roof stairs fountain statue market shop school ' +
    'library station airport hospital hotel museum stadium playground bench path cave cliff rock stone sand wave pond ' +
    'nest bush hedge vine branch forest-path grass-hill bed lamp sofa desk mirror carpet curtain bottle glass plate bowl spoon ' +
    'fork knife pot pan basket bag box suitcase backpack ladder rope bucket broom sword shield bow arrow flag map treasure ' +
    'coin diamond juice water milk soup salad sandwich egg rice pasta chocolate honey jam butter ' +
    'scarf coat dress shirt shoe boot glove sunglasses helmet mask cape jacket sweater ' +
    'sky horizon reflection shadow smoke snowball sandcastle swing slide toy doll puzzle chess cards newspaper painting picture-frame',
)

/** Adjectives that a painter can show; sizes and colours are known from the composer. */
export const LOOKS = set(
  'old young new ancient modern happy sad angry sleepy tired friendly scary funny cute pretty beautiful lovely strange magic magical ' +
    'wooden stone metal glass iron paper snowy sunny rainy foggy misty dark bright shiny glowing burning broken empty full open ' +
    'round square long short fat thin wide narrow high low deep quiet busy wild striped spotted fluffy furry hairy fresh ripe green-eyed ' +
    'colourful colorful pale blond blonde bearded medieval futuristic abandoned ruined lonely calm stormy frozen icy flying sleeping smiling laughing',
)

/** Doings that can be seen, by their forms; what only says where something is gives null. */
export const DOINGS: ReadonlyMap<string, string | null> = new Map(
  (
    [
      ['reading', 'read reads'],
      ['eating', 'eat eats'],
      ['drinking', 'drink drinks'],
      ['playing', 'play plays'],
      ['running', 'run runs'],
      ['jumping', 'jump jumps'],
      ['flying', 'fly flies'],
      ['swimming', 'swim swims'],
      ['dancing', 'dance dances'],
      ['singing', 'sing sings'],
      ['walking', 'walk walks'],
      ['wearing', 'wear wears'],
      ['holding', 'hold holds'],
      ['carrying', 'carry carries'],
      ['driving', 'drive drives'],
      ['riding', 'ride rides'],
      ['climbing', 'climb climbs'],
      ['chasing', 'chase chases'],
      ['following', 'follow follows'],
      ['cooking', 'cook cooks'],
      ['catching', 'catch catches'],
      ['throwing', 'throw throws'],
      ['pulling', 'pull pulls'],
      ['pushing', 'push pushes'],
      ['sleeping', 'sleep sleeps'],
      ['smiling', 'smile smiles'],
      ['laughing', 'laugh laughs'],
      ['waving', 'wave waves'],
      ['fighting', 'fight fights'],
      ['hiding', 'hide hides'],
      ['floating', 'float floats'],
      ['sailing', 'sail sails'],
      [
        null,
        'sit sits sitting stand stands standing lie lies lying stay stays staying live lives living hang hangs hanging is are was were be being',
      ],
    ] as const
  ).flatMap(([form, words]) => [
    ...(form === null ? [] : [[form, form] as const]),
    ...words.split(' ').map((word) => [word, form] as const),
  ]),
)

/** Phrases for the times and weathers of the composer, by the word that was said. */
export const TIME_PHRASES: ReadonlyMap<string, string> = new Map([
  ['night', 'at night'],
  ['nighttime', 'at night'],
  ['midnight', 'at midnight'],
  ['moonlight', 'in the moonlight'],
  ['evening', 'in the evening'],
  ['sunset', 'at sunset'],
  ['dusk', 'at dusk'],
  ['dawn', 'at dawn'],
  ['sunrise', 'at sunrise'],
  ['twilight', 'at twilight'],
  ['noon', 'at noon'],
  ['morning', 'in the morning'],
  ['afternoon', 'in the afternoon'],
  ['daytime', 'in daylight'],
  ['daylight', 'in daylight'],
])

export const WEATHER_PHRASES: ReadonlyMap<string, string> = new Map([
  ['rain', 'in the rain'],
  ['rains', 'in the rain'],
  ['raining', 'in the rain'],
  ['rained', 'in the rain'],
  ['storm', 'in a storm'],
  ['snow', 'in the snow'],
  ['snows', 'in the snow'],
  ['snowing', 'in the snow'],
  ['snowed', 'in the snow'],
  ['blizzard', 'in a blizzard'],
  ['winter', 'in winter'],
  ['ice', 'on the ice'],
  ['fog', 'in the fog'],
  ['mist', 'in the mist'],
])

/** What belongs to somebody belongs, in a picture, to nobody. */
export const OWNERS = set('my your his her its our their')
/** Words after which a thing is not there. */
export const NEGATIONS = set('no without')
export const PLACE_PREPOSITIONS = set(
  'in on at over under by near along across through into behind above beside inside outside around',
)
/** Words that tie a thing to the one before. */
export const LINKS: ReadonlySet<string> = new Set([
  ...PLACE_PREPOSITIONS,
  ...'to from of for past towards toward against around'.split(' '),
])
