#!/usr/bin/env python3
"""usage: lexicon.py vocab.json lm.txt OUT.json

Writes the lexicon (word -> ARPAbet phones, from Debian's festlex-cmu, X11-like licence) and a word bigram with absolute discounting
(continuation unigram), mixed with a flat model of the vocabulary so that unusual orders of words cost less.
"""
import json, math, re, sys
from collections import Counter, defaultdict

PHONES = 'aa ae ah ao aw ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh'.split()
DISCOUNT = .75
FLAT = .15          # share of the flat model
LEAST_COUNT = 3     # rarer pairs are left to the unigram: keeps the file small
# Words the dictionary lacks or gives in a form that our voices do not say.
OWN = {"o'clock": 'ah k l aa k', "don't": 'd ow n t', 'a': 'ah', 'the': 'dh ah', 'read': 'r iy d', 'close': 'k l ow z', 'wind': 'w ih n d', 'and': 'ae n d', 'to': 't uw',
       'live': 'l ih v', 'lives': 'l ih v z', 'summarise': 's ah m er ay z', 'grey': 'g r ey', 'colour': 'k ah l er', 'centre': 's eh n t er', 'of': 'ah v', 'for': 'f ao r',
       'minus': 'm ay n ah s', 'aloud': 'ah l aw d', 'an': 'ae n', 'i': 'ay', 'is': 'ih z', 'are': 'aa r', 'you': 'y uw', 'can': 'k ae n', 'it': 'ih t', 'in': 'ih n',
       'on': 'aa n', 'that': 'dh ae t', 'do': 'd uw', 'at': 'ae t', 'globes': 'g l ow b z', 'koalas': 'k ow aa l ah z', 'octopuses': 'aa k t ah p uh s ih z',
       'snowmen': 's n ow m eh n', 'trams': 't r ae m z', 'unicorns': 'y uw n ah k ao r n z', 'unicorn': 'y uw n ah k ao r n', 'was': 'w ah z', 'were': 'w er',
       'be': 'b iy', 'he': 'hh iy', 'she': 'sh iy', 'we': 'w iy', 'me': 'm iy', 'have': 'hh ae v', 'has': 'hh ae z', 'use': 'y uw z', 'her': 'hh er', 'him': 'hh ih m',
       'us': 'ah s', 'your': 'y ao r', 'our': 'aw er', 'tear': 't ih r', 'our': 'aw er', 'shall': 'sh ae l', 'as': 'ae z', 'or': 'ao r', 'so': 's ow', 'ok': 'ow k ey',
       'from': 'f r ah m', 'with': 'w ih dh', 'been': 'b ih n', 'lot': 'l aa t'}


def load_cmu(path='/usr/share/festival/dicts/cmu/cmudict-0.4.out'):
    entries = {}
    with open(path, errors='replace') as f:
        for line in f:
            m = re.match(r'\("([^"]+)" (\S+) (.*)\)$', line.strip())
            if m and m.group(1) not in entries:
                entries[m.group(1)] = ['ah' if p == 'ax' else 'er' if p == 'axr' else p for p in re.findall(r'[a-z]+', m.group(3))]
    return entries


def pronounce(vocabulary):
    cmu = load_cmu(); lexicon = {}
    for w in vocabulary:
        lexicon[w] = OWN[w].split() if w in OWN else cmu.get(w)
        if lexicon[w] is None: sys.exit('no pronunciation for ' + w)
        assert all(p in PHONES for p in lexicon[w]), (w, lexicon[w])
    same = defaultdict(list)
    for w, p in lexicon.items(): same[' '.join(p)].append(w)
    print('words', len(lexicon), 'said alike', [v for v in same.values() if len(v) > 1])
    return lexicon


def bigram(vocabulary, path):
    pairs = defaultdict(Counter)
    with open(path) as f:
        for line in f:
            t = ['<s>'] + line.split() + ['</s>']
            for a, b in zip(t, t[1:]): pairs[a][b] += 1
    words = vocabulary + ['</s>']; index = {w: i for i, w in enumerate(words)}
    continuation = Counter(b for a in pairs for b in pairs[a]); total = sum(continuation.values())
    flat = 1 / len(words)
    unigram = [(1 - FLAT) * (continuation[w] + .5) / (total + .5 * len(words)) + FLAT * flat for w in words]
    log = lambda x: round(math.log(x), 2)

    def row(a):
        n = sum(pairs[a].values())
        if not n: return [0, []]
        back = DISCOUNT * len(pairs[a]) / n * (1 - FLAT) + FLAT; out = []
        for b, count in sorted(pairs[a].items(), key=lambda x: (-x[1], x[0])):
            if count >= LEAST_COUNT: out += [index[b], log((1 - FLAT) * max(count - DISCOUNT, .01) / n + back * unigram[index[b]])]
        return [log(back), out]
    return {'unigram': [log(u) for u in unigram], 'start': row('<s>'), 'bigram': [row(w) for w in vocabulary]}


def main():
    with open(sys.argv[1]) as f: vocabulary = json.load(f)
    lexicon = pronounce(vocabulary)
    language = {'phones': PHONES, 'words': vocabulary, 'lexicon': [' '.join(lexicon[w]) for w in vocabulary], **bigram(vocabulary, sys.argv[2])}
    with open(sys.argv[3], 'w') as f: json.dump(language, f, separators=(',', ':'))


if __name__ == '__main__': main()
