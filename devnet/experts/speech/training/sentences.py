#!/usr/bin/env python3
"""usage: sentences.py OUTDIR [TRAIN] [TEST]

Writes OUTDIR/train.txt and test.txt (disjoint), words.txt (single words and strings of words with pauses), lm.txt (a large sample
for the bigram, without the test sentences) and vocab.json. Everything follows from fixed seeds.
"""
import json, os, sys
from collections import Counter
from grammar import Grammar

LONGEST = 16        # words in a sentence
LEAST = 25          # times every word occurs in the training sentences
BIGRAM_SAMPLE = 240_000


def main():
    out = sys.argv[1]; n_train = int(sys.argv[2]) if len(sys.argv) > 2 else 12000; n_test = int(sys.argv[3]) if len(sys.argv) > 3 else 400
    os.makedirs(out, exist_ok=True)
    g = Grammar(1); vocabulary = sorted({w for _ in range(120_000) for w in g.sentence().split()})
    g = Grammar(7); test = []; barred = set()
    while len(test) < n_test:
        t = g.sentence(vocabulary)
        if t not in barred and 4 <= len(t.split()) <= LONGEST: barred.add(t); test.append(t)
    known = set(vocabulary); g = Grammar(11); train = []; got = set()
    while len(train) < n_train:
        t = g.sentence(vocabulary); n = len(t.split())
        if n > LONGEST or t in barred or not known.issuperset(t.split()) or (t in got and n > 3): continue
        got.add(t); train.append(t)
    seen = Counter(w for t in train for w in t.split())
    rare = [w for w in vocabulary for _ in range(max(0, LEAST - seen[w]))]; g.r.shuffle(rare)
    while rare:
        k = g.r.randint(3, 6); words = rare[:k] + [g.c(vocabulary) for _ in range(2)]; rare = rare[k:]; g.r.shuffle(words); train.append(' '.join(words))
    g.r.shuffle(train)
    g = Grammar(17); single = []
    for _ in range(3):
        words = vocabulary[:]; g.r.shuffle(words)
        while words: k = 1 if g.p(.6) else g.r.randint(2, 4); single.append(', '.join(words[:k])); words = words[k:]
    g = Grammar(13); sample = [t for t in (g.sentence() for _ in range(BIGRAM_SAMPLE)) if t not in barred and known.issuperset(t.split())]
    for name, lines in [('train', train), ('test', test), ('words', single), ('lm', sample)]:
        with open('%s/%s.txt' % (out, name), 'w') as f: f.write('\n'.join(lines) + '\n')
    with open(out + '/vocab.json', 'w') as f: json.dump(vocabulary, f)
    print('vocabulary', len(vocabulary), 'train', len(train), 'test', len(test), 'words', len(single), 'bigram sample', len(sample))


if __name__ == '__main__': main()
