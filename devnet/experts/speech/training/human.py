#!/usr/bin/env python3
"""usage: human.py vocab.json OUTDIR   -> OUTDIR/clean.i16 and manifest.json, as mktest.py makes them

Recorded people from Debian packages: asterisk-core-sounds-en-g722 (Allison Smith, CC-BY-SA-3.0), ktuberling-data, pocketsphinx-testdata.
Never used in training and never shipped. Needs ffmpeg. Prompts are taken whose words are all in the vocabulary; the last row (readers of
LibriVox) is free text, most of it outside the vocabulary, and says what happens then.
"""
import gzip, json, os, random, re, subprocess, sys
import numpy as np

ASTERISK = '/usr/share/asterisk/sounds/en_US_f_Allison'
ASTERISK_TEXT = '/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz'
TUBERLING = '/usr/share/ktuberling/sounds/en'
SPHINX = '/usr/share/pocketsphinx/test/data'
SPELLING = {'color': 'colour', 'gray': 'grey', 'center': 'centre', 'palmtree': 'palm tree', 'broccolli': 'broccoli', 'oh': 'zero'}


def decode(path, *before):
    p = subprocess.run(['ffmpeg', '-v', 'error', *before, '-i', path, '-f', 's16le', '-ac', '1', '-ar', '16000', '-'], capture_output=True, check=True)
    return np.frombuffer(p.stdout, '<i2').astype(np.float32) / 32768


def asterisk(known):
    """-> [(words, samples)] of the prompts that our vocabulary can say"""
    out = []
    with gzip.open(ASTERISK_TEXT, 'rt', errors='replace') as f: lines = f.read().split('\n')
    for line in lines:
        m = re.match(r'([\w/-]+):\s*(.*)$', line)
        if not m or '[' in m.group(2): continue
        words = [w for w in re.sub(r"[^a-z']+", ' ', m.group(2).lower()).split()]; words = ' '.join(SPELLING.get(w, w) for w in words).split()
        path = '%s/%s.g722' % (ASTERISK, m.group(1))
        if words and known.issuperset(words) and os.path.exists(path): out.append((words, decode(path, '-f', 'g722')))
    return out


def main():
    with open(sys.argv[1]) as f: known = set(json.load(f))
    out = sys.argv[2]; os.makedirs(out, exist_ok=True); items, waves = [], []

    def add(voice, words, x): items.append({'voice': 'human:' + voice, 'text': ' '.join(words)}); waves.append(x)
    prompts = asterisk(known); single = [(w, x) for w, x in prompts if len(w) == 1]
    for w, x in single: add('asterisk, single words', w, x)
    for w, x in prompts:
        if len(w) > 1: add('asterisk, phrases', w, x)
    r = random.Random(3)
    for _ in range(40):
        parts = r.sample(single, r.randint(3, 6)); gap = np.zeros(2400, np.float32)
        add('asterisk, strings of 3-6 words', [w[0] for w, _ in parts], np.concatenate([y for _, x in parts for y in (x, gap)]))
    for name in sorted(os.listdir(TUBERLING)):
        word = name[:-4].split('_')[-1]; words = SPELLING.get(word, word).split()
        if known.issuperset(words): add('ktuberling, single words', words, decode('%s/%s' % (TUBERLING, name)))
    raw = ('-f', 's16le', '-ar', '16000', '-ac', '1')
    add('digits', 'two nine three four zero'.split(), decode(SPHINX + '/tidigits/dhd.2934z.raw', *raw)); add('digits', ['five', 'five'], decode(SPHINX + '/cards/004.wav'))
    with open(SPHINX + '/librivox/transcription') as f:
        for line in f:
            m = re.match(r'<s> (.*?) </s> \((.*)\)', line)
            if m: add('librivox, free text', m.group(1).split(), decode('%s/librivox/%s.wav' % (SPHINX, m.group(2))))
    starts = [0]
    with open(out + '/clean.i16', 'wb') as o:
        for x in waves:
            y = (np.pad(x, (3200, 3200)) / (np.abs(x).max() + 1e-9) * 20000).astype('<i2'); o.write(y.tobytes()); starts.append(starts[-1] + len(y))
    with open(out + '/manifest.json', 'w') as f: json.dump({'items': items, 'conditions': {'clean': starts}}, f)
    voices = [i['voice'] for i in items]; print({v: voices.count(v) for v in sorted(set(voices))})


if __name__ == '__main__': main()
