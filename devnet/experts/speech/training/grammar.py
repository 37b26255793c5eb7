"""A seeded generator of English sentences in a closed vocabulary: scenes, requests, questions, small talk, numbers."""
import random
from words import *


class Grammar:
    """Every method returns words; the same seed gives the same sentences."""

    def __init__(self, seed): self.r = random.Random(seed)
    def c(self, options): return self.r.choice(list(options))
    def p(self, chance): return self.r.random() < chance
    def maybe(self, chance, make): return ' ' + make() if self.p(chance) else ''

    def with_article(self, words): return ('an ' if words[0] in 'aeiou' and not words.startswith(('one', 'uni')) else 'a ') + words

    def noun(self, kinds, many, adjectives=.75):
        kind = self.c(kinds); one = self.c(kind); word = kind[one] if many else one; before = []
        if self.p(adjectives * .6): before.append(self.c(SIZES))
        if self.p(adjectives * .6) and kind is not PEOPLE: before.append(self.c(COLOURS))
        if self.p(.04): before.insert(0, 'very') if before else None
        words = ' '.join(before + [word])
        if many: return (self.c(NUMBERS_PLURAL) if self.p(.6) else self.c(QUANTITIES)) + ' ' + words
        x = self.r.random()
        if x < .66: return self.with_article(words)
        if x < .86: return 'the ' + words
        if x < .91: return 'one ' + words
        return self.c(OWNERS) + ' ' + words

    def animate(self, many): return self.noun([ANIMALS, ANIMALS, PEOPLE], many) + self.maybe(.06, self.wearing)
    def thing(self, adjectives=.7): return self.noun([THINGS], self.p(.2), adjectives)
    def wearing(self):
        return self.c(['wearing', 'wearing', 'with', 'in']) + ' ' + self.c([self.with_article(self.c(COLOURS) + ' ' + self.c(CLOTHES)), self.with_article(self.c(CLOTHES)),
                                                                            'glasses', self.c(COLOURS) + ' shoes', 'a big hat', 'sunglasses', 'boots'])

    def where(self):
        x = self.r.random()
        if x < .32: return self.c(['in the', 'near the', 'by the', 'behind the', 'in the middle of the', 'around the', 'along the', 'to the', 'from the', 'beside the']) + ' ' + self.c(PLACES)
        if x < .44: return self.c(['on the', 'at the', 'on top of the']) + ' ' + self.c(['beach', 'street', 'table', 'river', 'station', 'market', 'hill', 'bridge', 'island', 'farm', 'roof', 'wall', 'grass', 'ground', 'floor'])
        if x < .86: return self.c(['under', 'near', 'behind', 'on', 'next to', 'beside', 'between', 'with', 'above', 'in front of', 'below', 'on top of', 'left of',
                                   'right of', 'to the left of', 'to the right of', 'close to', 'over', 'without']) + ' ' + self.thing()
        if x < .94: return self.c(SIDES) + self.maybe(.3, lambda: 'of the ' + self.c(PICTURES + ['page', 'house', 'table', 'room', 'screen']))
        return self.c(['inside', 'outside', 'through', 'into', 'out of', 'across']) + ' the ' + self.c(['house', 'castle', 'city', 'forest', 'garden', 'school', 'room', 'snow', 'water'])

    def tail(self):
        x = self.r.random()
        if x < .33: return ' ' + self.c(TIMES)
        if x < .60: return ' ' + self.c(WEATHER)
        if x < .64: return ' on ' + self.c(DAYS)
        if x < .68: return ' in ' + self.c(MONTHS)
        if x < .71: return ' at ' + self.c(NUMBERS_PLURAL[:11]) + " o'clock"
        if x < .74: return ' for ' + self.c(['my friend', 'the children', 'me', 'you', 'us', 'him', 'her', 'them', 'my mother', 'school', 'work', 'a while'])
        return ''

    def verb_phrase(self, form):
        """form: 0 base, 1 third person, 2 -ing."""
        x = self.r.random()
        if x < .46: return self.c(VERBS)[form] + self.maybe(.85, self.where)
        if x < .55: return FLY[form] + ' ' + self.c(['over', 'above', 'across', 'around']) + ' the ' + self.c(OVER)
        if x < .62: return ('play', 'plays', 'playing')[form] + ' ' + self.c(GAMES) + self.maybe(.6, self.where)
        if x < .69: return self.c([('look', 'looks', 'looking'), ('talk', 'talks', 'talking'), ('go', 'goes', 'going'), ('come', 'comes', 'coming')])[form] + ' ' + \
            self.c(['at ' + self.thing(), 'to ' + self.animate(self.p(.3)), 'for ' + self.thing(), 'home', 'to the ' + self.c(PLACES), 'up the hill', 'down the street', 'back'])
        verb = self.c(TRANSITIVE)
        if verb[0] == 'eat': what = self.c(FOOD)
        elif verb[0] == 'drink': what = self.c(DRINKS)
        elif verb[0] == 'read': what = self.c(['a book', 'the book', 'a letter', 'a story', 'a long story', 'an old book'])
        elif verb[0] == 'ride': what = self.c(['a bicycle', 'a horse', 'the train', 'a white horse', 'a red bicycle', 'an elephant', 'a bike', 'the bus', 'a camel'])
        elif verb[0] == 'wear': return self.wearing().replace('wearing', verb[form]).replace('with', verb[form], 1) if self.p(.7) else verb[form] + ' glasses'
        elif verb[0] in ('chase', 'watch', 'follow', 'see', 'find', 'love'): what = self.animate(self.p(.3)) if self.p(.8) else self.c(['it', 'them', 'him', 'her', 'us', 'me', 'you'])
        else: what = self.thing()
        return verb[form] + ' ' + what + self.maybe(.4, self.where)

    def clause(self):
        many = self.p(.4); subject = self.animate(many); x = self.r.random()
        if x < .5: verb = self.verb_phrase(0 if many else 1)
        elif x < .78: verb = ('are ' if many else 'is ') + self.verb_phrase(2)
        elif x < .84: verb = ('were ' if many else 'was ') + self.c([self.verb_phrase(2), self.where()])
        else: verb = ('are ' if many else 'is ') + self.where()
        return subject + ' ' + verb + self.tail()

    def talk(self):
        """Sentences with pronouns and helping verbs."""
        who, third = self.c(SUBJECTS); x = self.r.random()
        be = {'i': 'am', 'he': 'is', 'she': 'is', 'it': 'is'}.get(who, 'are'); was = 'was' if third or who == 'i' else 'were'
        if x < .16: return who + ' ' + self.c([be, was, 'will be', 'should be', 'must be', 'can be']) + ' ' + self.c([self.verb_phrase(2), self.where(), 'very ' + self.c(SIZES), self.c(SIZES), 'so ' + self.c(SIZES), 'not ' + self.c(SIZES), 'not here', 'right', 'too ' + self.c(['late', 'big', 'small', 'dark', 'bright'])]) + self.tail()
        if x < .30: return who + ' ' + ('has' if third else 'have') + ' ' + self.c([self.thing(), self.animate(self.p(.5)), 'no time', 'a question', 'an idea', 'a new ' + self.c(THINGS)]) + self.tail()
        if x < .42: return who + ' ' + self.c(['can', 'will', 'must', 'should', 'would', 'could', 'did not', 'cannot', 'may', 'want to' if not third else 'wants to', 'would like to', 'need to' if not third else 'needs to']) + ' ' + self.verb_phrase(0) + self.tail()
        if x < .52: return self.c(['there is ', 'there was ', 'here is ', 'this is ', 'that is ', 'it is ']) + self.noun([ANIMALS, THINGS, PEOPLE], False) + self.maybe(.6, self.where) + self.tail()
        if x < .60: return self.c(['there are ', 'there were ', 'here are ', 'these are ', 'those are ']) + self.noun([ANIMALS, THINGS, PEOPLE], True) + self.maybe(.6, self.where) + self.tail()
        if x < .70: return self.c(['i would like ', 'i want ', 'i need ', 'we need ', 'we want ', 'give me ', 'give us ', 'get me ', 'let me see ', 'let us see ', 'i like ', 'we like ', 'i think of ']) + self.c([self.thing(), self.animate(self.p(.4)), 'a ' + self.c(PICTURES) + ' of ' + self.scene()]) + self.tail()
        if x < .78: return self.c(['do you', 'did you', 'would you', 'can we', 'should we', 'does he', 'does she', 'will they', 'could they', 'can he', 'may i', 'shall we', 'why do you', 'when do you', 'where did they', 'why did he', 'how can i', 'when will you']) + ' ' + self.verb_phrase(0) + self.tail()
        if x < .84: return self.c(['number', 'page', 'picture', 'line', 'image']) + ' ' + self.number() + ' ' + self.c(['is right', 'is good', 'please', 'is the best', 'is not right', 'is better', 'must go', 'has ' + self.thing(), 'shows ' + self.thing()])
        if x < .92: return self.c(['the top', 'the bottom', 'the left side', 'the right side', 'the background', 'the ' + self.c(THINGS), 'its ' + self.c(THINGS), 'everything', 'nothing', 'something', 'the first one', 'the other one', 'the whole ' + self.c(PICTURES), 'the same ' + self.c(THINGS)]) + ' ' + \
            self.c(['is', 'should be', 'must be', 'was', 'looks', 'will be', 'has to be', 'can be']) + ' ' + self.c(COLOURS + SIZES + ['better', 'darker', 'brighter', 'bigger', 'smaller', 'right', 'wrong', 'empty', 'full', 'good', 'bad', 'nice', 'great', 'ready', 'made of wood', 'made of stone', 'made of gold', 'like this', 'more ' + self.c(SIZES), 'less ' + self.c(SIZES)])
        return self.c(['let us', 'we should', 'they want to', 'try to', "don't", 'you must', 'please do not', 'we could']) + ' ' + self.verb_phrase(0) + self.tail()

    def scene(self):
        x = self.r.random()
        if x < .28: return self.animate(self.p(.45)) + ' ' + self.verb_phrase(2) + self.tail()
        if x < .55: return self.animate(self.p(.45)) + ' ' + self.where() + self.tail()
        if x < .68: return self.animate(self.p(.4)) + ' and ' + self.animate(self.p(.4)) + self.maybe(.6, self.where) + self.tail()
        if x < .75: return self.noun([ANIMALS, THINGS, PEOPLE], False) + ' with ' + self.noun([ANIMALS, THINGS, PEOPLE], self.p(.4)) + ' and ' + self.noun([THINGS], self.p(.4)) + self.tail()
        if x < .92: return self.thing() + ' ' + self.where() + self.tail()
        if x < .95: return self.c(['mountains', 'trees', 'flowers', 'clouds', 'stars', 'hills', 'a full moon', 'the moon and the stars', 'a rainbow', 'fire', 'snow', 'lightning', 'space', 'a planet', 'the sun', 'the earth', 'a sunset']) + ' ' + self.where() + self.tail()
        return 'the ' + self.c(PLACES) + self.tail()

    def polite(self, text):
        x = self.r.random()
        if x < .14: return 'please ' + text
        if x < .22: return self.c(['can you ', 'could you ', 'i want you to ', 'would you ', 'will you ']) + text
        if x < .27: return text + ' please'
        if x < .31: return self.c(['hello ', 'now ', 'then ', 'next ', 'first ', 'and ', 'so ', 'ok ', 'just ']) + text
        return text

    def command(self):
        x = self.r.random(); the = ['the', 'this', 'that', 'my']
        if x < .26: t = self.c(['paint', 'draw', 'show', 'show me', 'make', 'create', 'imagine', 'picture', 'paint', 'draw', 'paint me', 'draw me', 'give me']) + ' ' + self.scene()
        elif x < .48: t = self.c(['paint', 'draw', 'show me', 'make', 'create', 'generate', 'make me', 'send me', 'find', 'give me', 'get me']) + ' ' + \
            self.c(['a', 'a', 'a', 'another', 'one', 'a nice', 'a simple']) + ' ' + self.c(PICTURES) + ' ' + self.c(['of', 'of', 'of', 'with']) + ' ' + self.scene()
        elif x < .54: t = self.c(['describe', 'explain', 'save', 'open', 'close', 'delete', 'change', 'show me', 'keep', 'print', 'copy', 'use']) + ' ' + self.c(['the', 'this', 'that', 'my'] + ['the ' + o for o in ORDINALS]) + ' ' + self.c(PICTURES + TEXTS) + \
            self.c(['', '', ' in ' + self.c(NUMBERS_PLURAL) + ' ' + self.c(['words', 'sentences', 'lines']), ' in ' + self.c(LANGUAGES), ' to me', ' for me'])
        elif x < .62: t = self.c(['summarise', 'read', 'check', 'shorten', 'summarise', 'write down', 'listen to']) + ' ' + self.c(the) + ' ' + self.c(TEXTS) + \
            self.c([' in ' + self.c(NUMBERS_PLURAL) + ' ' + self.c(['words', 'sentences', 'lines']), ' aloud', '', ' in ' + self.c(['simple', 'short', 'clear']) + ' words', ' and translate it into ' + self.c(LANGUAGES), ' in one line and paint it', ' in one sentence', ' and paint it', ' and draw it'])
        elif x < .69: t = 'translate ' + self.c(the) + ' ' + self.c(TEXTS) + self.c([' into ', ' to ', ' from ' + self.c(LANGUAGES) + ' into ']) + self.c(LANGUAGES)
        elif x < .76: t = self.c(['write', 'tell me', 'write me', 'sing', 'read', 'tell us']) + ' ' + self.c(['a', 'a short', 'a long', 'a happy', 'a sad', 'a new', 'another', 'a funny']) + ' ' + self.c(WRITTEN) + ' about ' + self.scene()
        elif x < .82: t = self.c(['add', 'remove', 'move', 'put', 'take', 'place', 'turn', 'leave']) + ' ' + self.c([self.thing(), self.animate(self.p(.3))]) + ' ' + self.where()
        elif x < .87: t = 'make ' + self.c(['the ' + self.c(list(ANIMALS) + list(THINGS) + ['sky', 'background', 'sun', 'moon', 'water', 'grass']), 'it', 'them', 'everything']) + ' ' + self.c([self.c(COLOURS), 'bigger', 'smaller', 'darker', 'brighter', 'more ' + self.c(SIZES), 'a bit ' + self.c(['bigger', 'smaller', 'darker', 'brighter']), self.c(SIZES), 'look ' + self.c(SIZES)])
        elif x < .90: t = self.c(['turn', 'switch']) + ' the ' + self.c(['light', 'lamp', 'music', 'video', 'radio', 'television']) + ' ' + self.c(['on', 'off'])
        elif x < .94: t = self.c(['count', 'find', 'show me', 'look at', 'wait for', 'listen to', 'help']) + ' the ' + self.c(list(ANIMALS.values()) + list(THINGS.values()) + list(PEOPLE.values())) + ' ' + self.where()
        else: t = self.c(['listen to', 'say', 'speak', 'answer', 'repeat']) + ' ' + self.c(['the question', 'this sentence', 'the last word', 'my question', 'in ' + self.c(LANGUAGES), 'the first sentence', 'the number ' + self.number(), 'the answer'])
        return self.polite(t)

    def question(self):
        x = self.r.random()
        if x < .22: return 'how many ' + self.c(list(ANIMALS.values()) + list(THINGS.values()) + list(PEOPLE.values())) + ' ' + self.c(['are', 'can you see', 'are there', 'do we have', 'do you have', 'were']) + ' ' + self.where()
        if x < .36: return self.c(['what colour is ', 'how big is ', 'how old is ', 'which colour is ', 'whose is ']) + self.c(['the', 'this', 'that', 'my', 'his', 'her', 'your']) + ' ' + self.c(list(ANIMALS) + list(THINGS) + ['sky', 'sea'])
        if x < .46: return self.c(['what is the weather like', 'will it rain', 'will it snow', 'is it cold', 'is it hot', 'what time is it', 'what day is it', 'was it warm', 'will it be cold', 'will it be sunny']) + ' ' + self.c(['today', 'tomorrow', 'now', 'in ' + self.c(MONTHS), 'on ' + self.c(DAYS), 'in the morning', 'tonight', 'here', 'there'])
        if x < .62: return self.c(['what is', 'who is', 'where is', 'where are', 'what are', 'why is', 'why are', 'where was', 'who was']) + ' ' + self.animate(self.p(.4)) + self.c(['', ' ' + self.c(['doing', 'eating', 'reading', 'holding', 'carrying', 'wearing', 'looking at', 'looking for', 'waiting for'])]) + self.maybe(.4, self.where)
        if x < .8: return self.c(['is there', 'can you see', 'are there', 'do you see', 'did you see', 'was there', 'have you seen']) + ' ' + self.scene()
        if x < .9: return self.c(['what is in', 'what is on', 'what do you see in', 'who is in', 'what can you see in', 'what is wrong with', 'what is behind']) + ' ' + self.c(['the', 'this', 'that']) + ' ' + self.c(PICTURES)
        return self.c(['how much is', 'what is']) + ' ' + self.number() + ' ' + self.c(['and', 'plus', 'minus', 'times']) + ' ' + self.number()

    def number(self): return self.c(NUMBERS_MORE) if self.p(.6) else self.c(['one'] + NUMBERS_PLURAL)

    def short(self):
        return self.c(['yes', 'no', 'stop', 'start', 'thank you', 'hello', 'goodbye', 'please', 'good morning', 'good night', 'good evening', 'yes please', 'no thank you',
                       'go on', 'stop now', 'play the music', 'do it again', 'once more', 'help me', 'i do not know', 'that is good', 'that is not good', 'thank you very much',
                       'that is right', 'you are right', 'that is wrong', 'very good', 'how are you', 'i am sorry', 'let me think', 'one moment', 'ok', 'of course', 'not yet', 'never mind',
                       'try again', 'start over', 'go back', 'welcome', 'well done', 'good afternoon', 'see you later', 'what was that', 'say that again', 'what else', 'i see', 'wait a minute',
                       self.number(), ' '.join(self.number() for _ in range(3)), ' '.join(self.c(['zero', 'one'] + NUMBERS_PLURAL[:8]) for _ in range(5)), self.c(DAYS), self.c(MONTHS),
                       self.c(DAYS) + ' ' + self.c(MONTHS) + ' ' + self.c(NUMBERS_PLURAL), self.number() + ' ' + self.c(list(ANIMALS.values()) + list(THINGS.values())), self.c(COLOURS), ' '.join(self.c(COLOURS) for _ in range(3)),
                       self.c(list(ANIMALS) + list(THINGS)), self.noun([ANIMALS, THINGS], False), self.noun([ANIMALS, THINGS, PEOPLE], True)])

    def sentence(self, vocabulary=()):
        """One sentence; with a vocabulary, one in twelve is a string of random words, so that the network does not lean on the grammar."""
        x = self.r.random()
        if vocabulary and self.p(1 / 12): return ' '.join(self.c(vocabulary) for _ in range(self.r.randint(3, 7)))
        if x < .24: return self.clause()
        if x < .32: return self.clause() + self.c([' and ', ' but ', ' or ', ' while ', ' because ', ' if ', ' when ', ' so ', ' as ']) + self.clause() if self.p(.25) else self.scene()
        if x < .68: return self.command()
        if x < .79: return self.question()
        if x < .95: return self.talk()
        return self.short()
