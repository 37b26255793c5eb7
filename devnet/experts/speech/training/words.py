"""The word lists of the training grammar. The nouns cover what the development network's painter can draw."""
import re

IRREGULAR = {'fish': 'fish', 'sheep': 'sheep', 'deer': 'deer', 'mouse': 'mice', 'wolf': 'wolves', 'man': 'men', 'woman': 'women',
             'child': 'children', 'leaf': 'leaves', 'snowman': 'snowmen', 'cactus': 'cacti', 'potato': 'potatoes', 'tomato': 'tomatoes'}


def plural(noun):
    """The plural of a noun, of its last word where it has two."""
    head, _, last = noun.rpartition(' ')
    if last in IRREGULAR: form = IRREGULAR[last]
    elif re.search('[^aeiou]y$', last): form = last[:-1] + 'ies'
    elif re.search('(s|x|ch|sh)$', last): form = last + 'es'
    else: form = last + 's'
    return (head + ' ' + form).strip()


def nouns(text):
    """Comma-separated singulars -> {singular: plural}."""
    return {n.strip(): plural(n.strip()) for n in text.split(',')}


COLOURS = 'red green blue yellow black white brown grey orange pink purple golden silver'.split()
SIZES = ('big small tall little old young large tiny huge giant happy sad fast slow beautiful dark bright long short new wild quiet '
         'funny angry strange lovely').split()
ANIMALS = nouns('fox,dog,cat,bird,horse,cow,fish,rabbit,lion,tiger,bear,elephant,monkey,mouse,sheep,duck,owl,frog,wolf,butterfly,'
                'panda,koala,unicorn,zebra,deer,pig,goat,camel,giraffe,rhino,hedgehog,kangaroo,chicken,chick,penguin,eagle,swan,flamingo,'
                'parrot,peacock,crocodile,turtle,snake,lizard,dragon,dinosaur,whale,dolphin,shark,octopus,crab,lobster,snail,bee,spider,'
                'bat,puppy,kitten,bunny')
PEOPLE = nouns('man,woman,child,boy,girl,farmer,teacher,doctor,robot,king,queen,baby,ghost,alien,lady,friend,snowman,santa,mother,father,'
               'brother,sister')
THINGS = nouns('tree,house,car,boat,flower,table,chair,book,ball,train,bridge,window,door,cup,apple,cake,hat,lamp,clock,bicycle,castle,'
               'ship,balloon,rose,tulip,sunflower,mushroom,leaf,shell,cactus,palm tree,pine tree,pear,lemon,banana,watermelon,strawberry,'
               'cherry,pineapple,tomato,carrot,pizza,burger,cookie,donut,taco,hot dog,taxi,bus,truck,fire truck,ambulance,tractor,motorcycle,'
               'scooter,tram,sailboat,canoe,airplane,plane,helicopter,rocket,anchor,church,factory,tent,tower,volcano,rainbow,umbrella,planet,'
               'star,cloud,candle,key,computer,phone,camera,television,violin,guitar,piano,drum,trumpet,football,basketball,gift,crown,ring,'
               'bell,hammer,pencil,trophy,lock,bomb,kite,pumpkin,heart,skull,magnet,telescope,microscope,teddy bear,light bulb,bike,snowflake,'
               'globe,bottle,box')
CLOTHES = ['hat', 'crown', 'ring', 'coat', 'shirt', 'dress', 'pair of glasses', 'jacket']
PLACES = ('park garden forest city village street river lake mountain beach field house kitchen school station market desert island sea hill '
          'ocean town road jungle room farm meadow shore zoo sky').split()
OVER = 'sea river lake mountain city village forest field hill bridge house island ocean town moon clouds trees mountains hills'.split()
NUMBERS_PLURAL = 'two three four five six seven eight nine ten eleven twelve twenty'.split()
NUMBERS_MORE = ['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen', 'thirty', 'forty', 'fifty', 'sixty',
                'seventy', 'eighty', 'ninety', 'one hundred', 'one thousand', 'twenty one', 'twenty five', 'thirty two', 'forty three',
                'fifty six', 'zero']
ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'last', 'next']
DAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split()
MONTHS = 'january february march april may june july august september october november december'.split()
# base, third person, -ing
VERBS = [tuple(v.split()) for v in (
    'sit sits sitting,sleep sleeps sleeping,run runs running,walk walks walking,stand stands standing,play plays playing,'
    'dance dances dancing,sing sings singing,swim swims swimming,jump jumps jumping,wait waits waiting,work works working,'
    'live lives living,hide hides hiding,smile smiles smiling,laugh laughs laughing,rest rests resting,shine shines shining').split(',')]
FLY = ('fly', 'flies', 'flying')
TRANSITIVE = [tuple(v.split()) for v in (
    'eat eats eating,read reads reading,carry carries carrying,watch watches watching,hold holds holding,chase chases chasing,'
    'ride rides riding,drink drinks drinking,wear wears wearing,find finds finding,bring brings bringing,'
    'buy buys buying,like likes liking,love loves loving,see sees seeing,follow follows following').split(',')]
FOOD = ['bread', 'an apple', 'a cake', 'soup', 'cheese', 'corn', 'ice cream', 'popcorn', 'candy', 'fries', 'grapes', 'a banana', 'a pizza',
        'broccoli', 'an avocado', 'fruit', 'honey']
DRINKS = ['water', 'milk', 'tea', 'coffee', 'wine', 'beer', 'juice']
GAMES = ['football', 'tennis', 'chess', 'music', 'the piano', 'the guitar', 'basketball', 'the violin', 'the drums', 'a game']
WEATHER = ['when it rains', 'in the rain', 'in the snow', 'in the sun', 'under the moon', 'when it snows', 'in the wind',
           'under a blue sky', 'under a dark sky', 'in the storm', 'in the fog', 'when the sun shines', 'under the stars', 'under white clouds',
           'under a rainbow', 'with lightning', 'by the fire', 'under the full moon', 'on the ice', 'under water']
TIMES = ['at night', 'in the morning', 'in the evening', 'in the afternoon', 'at noon', 'today', 'tomorrow', 'in summer', 'in winter',
         'in spring', 'in autumn', 'at midnight', 'on a cold day', 'on a warm day', 'on a hot day', 'yesterday', 'every day', 'now',
         'at sunset', 'at sunrise', 'at dawn', 'on a sunny day', 'on a rainy day', 'in the dark', 'tonight', 'again', 'for an hour', 'for a day',
         'this week', 'last year', 'after school', 'before dinner', 'all day', 'together', 'alone', 'very well', 'here', 'there', 'too']
LANGUAGES = 'french german spanish italian english russian chinese'.split()
PICTURES = ['picture', 'image', 'photo', 'painting', 'drawing', 'video']
TEXTS = ['text', 'story', 'page', 'letter', 'message', 'book', 'sentence', 'file', 'recording', 'word', 'line', 'list', 'title', 'name']
WRITTEN = ['story', 'poem', 'song', 'letter', 'message', 'list', 'summary']
QUANTITIES = ['some', 'many', 'all the', 'the', 'a few', 'several', 'a couple of', 'a group of', 'more', 'our', 'their', 'these', 'those', 'no',
              'a lot of', 'both']
OWNERS = ['my', 'your', 'this', 'that', 'our', 'his', 'her', 'their', 'every', 'each', 'no', 'any']
SUBJECTS = [('i', 0), ('you', 0), ('we', 0), ('they', 0), ('he', 1), ('she', 1), ('it', 1)]
SIDES = ['on the right', 'on the left', 'at the top', 'at the bottom', 'in the top right corner', 'in the top left corner', 'in the centre',
         'on the right side', 'on the left side', 'in the bottom right corner', 'in the background', 'on top', 'in front', 'in the middle',
         'in the distance', 'far away', 'in a corner', 'on both sides', 'all around', 'up there', 'down here', 'back home']
