#!/usr/bin/env python3
"""Speaks the sentences with Debian's synthesizers.

usage: synth.py TEXTDIR OUTDIR train|words|test|hand|test-blind|hand-blind [CHUNK] [PART/PARTS]

Writes OUTDIR/<kind>_NNN.npz: audio (int16, 16 kHz, concatenated), off (where each utterance starts), txt, voice. Every random choice
follows from the sentence's index, so parts can run side by side. Voices named in HELD_* and BLIND are never used for training; BLIND
is spoken and evaluated only when training and every setting are final.
"""
import io, os, random, subprocess, sys, tempfile, wave
from fractions import Fraction
import numpy as np
from scipy.signal import resample_poly

ACCENTS = ['en-us', 'en-us', 'en-us', 'en-gb', 'en-gb', 'en-gb-scotland', 'en-029', 'en-gb-x-rp', 'en-gb-x-gbcwmd', 'en-us-nyc']
VARIANTS = ('m1 m2 m3 m4 m5 m7 m8 f1 f2 f3 f4 klatt klatt2 klatt3 klatt5 klatt6 Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee '
            'Marco Mario Michael Mike Nguyen RicishayMax RicishayMax2 RicishayMax3 adam anika announcer antonio aunty belinda benjamin boris caleb david ed '
            'edward edward2 grandma grandpa gustave iven iven2 john linda marcelo max michel miguel norbert pablo paul pedro quincy rob robert sandro shelby '
            'steph steph2 steph3 travis victor zac').split()
TRAIN_MIX = [('espeak', .40), ('flite:awb', .17), ('flite:slt', .17), ('flite:kal16', .12), ('festival:cmu_us_slt_arctic_hts', .08), ('festival:kal_diphone', .06)]
# The variants f5, m6, Annie, klatt4 and the accent gbclan, and the speakers kdl (ked_diphone) and rms, are never in training.
HELD = ['festival:ked_diphone', 'espeak:en-us+f5', 'espeak:en-gb-x-gbclan+m6', 'espeak:en-gb-scotland+Annie', 'espeak:en-us+klatt4']
BLIND = ['flite:rms']
SEEN = ['flite:slt', 'flite:awb', 'espeak:en-gb+f2']   # seen voices, new sentences: to tell voice error from sentence error


def read_wav(data):
    w = wave.open(io.BytesIO(data)); rate = w.getframerate(); d = w.readframes(10 ** 9)
    return np.frombuffer(d[:len(d) // 2 * 2], '<i2').astype(np.float32), rate


def to16k(x, rate):
    if rate == 16000: return x
    f = Fraction(16000, rate).limit_denominator(500)
    return resample_poly(x, f.numerator, f.denominator).astype(np.float32)


def espeak(voice, text, r):
    p = subprocess.run(['espeak-ng', '-v', voice, '-s', str(r.randint(115, 205)), '-p', str(r.randint(15, 85)), '-g', str(r.choice([0, 0, 0, 1, 2])), '--stdout', text], capture_output=True)
    return read_wav(p.stdout)


def flite(voice, text, r):
    pitch = {'slt': (140, 220), 'awb': (90, 150), 'kal16': (80, 140), 'rms': (80, 120)}[voice]
    with tempfile.NamedTemporaryFile(suffix='.wav') as t:
        subprocess.run(['flite', '-voice', voice, '--setf', 'duration_stretch=%.2f' % r.uniform(.82, 1.3), '--setf', 'int_f0_target_mean=%d' % r.randint(*pitch), '-t', text, '-o', t.name], check=True, capture_output=True)
        with open(t.name, 'rb') as f: return read_wav(f.read())


def festival(jobs):
    """jobs: list of (voice, text, random) -> list of (samples, rate); one process for all."""
    if not jobs: return []
    with tempfile.TemporaryDirectory() as d:
        s = ''
        for i, (v, t, r) in enumerate(jobs):
            s += "(voice_%s)\n(Parameter.set 'Duration_Stretch %.2f)\n" % (v, r.uniform(.82, 1.25))
            if v in ('kal_diphone', 'ked_diphone'):
                s += "(set! int_lr_params '((target_f0_mean %d) (target_f0_std %d) (model_f0_mean 170) (model_f0_std 34)))\n" % (r.randint(85, 140), r.randint(8, 20))
            s += '(utt.save.wave (utt.synth (Utterance Text "%s")) "%s/%d.wav" \'riff)\n' % (t, d, i)
        with open(d + '/s.scm', 'w') as f: f.write(s)
        subprocess.run(['festival', '-b', d + '/s.scm'], capture_output=True)
        out = []
        for i in range(len(jobs)):
            with open('%s/%d.wav' % (d, i), 'rb') as f: out.append(read_wav(f.read()))
        return out


def trim(x):
    """Cuts silence at both ends to at most 0.1 s and normalises the peak."""
    a = np.abs(x); m = a.max() + 1e-9
    k = np.nonzero(a > .02 * m)[0]; lo = max(0, k[0] - 1600); hi = min(len(x), k[-1] + 1600)
    return (x[lo:hi] / m * 20000).astype(np.int16)


def jobs_of(kind, lines):
    """(text, voice) pairs; the voice is None where it is drawn by chance."""
    if kind in ('train', 'words'): return [(t, None) for t in lines]
    if kind == 'test': voices = HELD + SEEN; return [(t, v) for i, t in enumerate(lines) for j, v in enumerate(voices) if (i + j) % 4 == 0]
    if kind == 'test-blind': return [(t, v) for i, t in enumerate(lines) for v in BLIND if i % 4 == 1]
    if kind == 'hand': return [(t, v) for i, t in enumerate(lines) for j, v in enumerate(HELD) if (i + j) % 2 == 0]
    return [(t, v) for i, t in enumerate(lines) for v in BLIND if i % 2 == 1]


def speak(texts):
    """[(voice, text, random)] -> [(samples, rate)]"""
    places = [j for j, (v, _, _) in enumerate(texts) if v.startswith('festival:')]
    spoken = dict(zip(places, festival([(texts[j][0].split(':')[1], texts[j][1], texts[j][2]) for j in places])))
    return [spoken[j] if j in spoken else (espeak if v.startswith('espeak') else flite)(v.split(':')[1], t, r) for j, (v, t, r) in enumerate(texts)]


def main():
    text, out, kind = sys.argv[1:4]; size = int(sys.argv[4]) if len(sys.argv) > 4 else 500
    part, parts = map(int, (sys.argv[5] if len(sys.argv) > 5 else '0/1').split('/'))
    os.makedirs(out, exist_ok=True)
    with open('%s/%s.txt' % (text, kind.split('-')[0])) as f: lines = f.read().split('\n')[:-1]
    jobs = jobs_of(kind, lines)
    for c in range(part, (len(jobs) + size - 1) // size, parts):
        name = '%s/%s_%03d.npz' % (out, kind, c)
        if os.path.exists(name): continue
        todo = []
        for i in range(c * size, min(len(jobs), (c + 1) * size)):
            r = random.Random('%s %d' % (kind, i)); t, v = jobs[i]
            if v is None: v = r.choices([a for a, _ in TRAIN_MIX], [b for _, b in TRAIN_MIX])[0]
            if v == 'espeak': v = 'espeak:' + r.choice(ACCENTS) + '+' + r.choice(VARIANTS)
            todo.append((v, t, r))
        audio, off, txt, voice = [], [0], [], []
        for (v, t, _), (x, rate) in zip(todo, speak(todo)):
            if len(x) < rate * .1 or np.abs(x).max() < 100: print('silent', v, t); continue
            x = trim(to16k(x, rate)); audio.append(x); off.append(off[-1] + len(x)); txt.append(t.replace(',', '')); voice.append(v)
        np.savez(name + '.part.npz', audio=np.concatenate(audio), off=np.array(off), txt=np.array(txt), voice=np.array(voice)); os.rename(name + '.part.npz', name)
        print(name, len(txt), 'utterances', round(off[-1] / 16000 / 60, 1), 'minutes', flush=True)


if __name__ == '__main__': main()
