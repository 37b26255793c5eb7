#!/usr/bin/env python3
"""usage: prep.py WAVDIR FEATDIR COPIES [PART/PARTS]

For every training chunk and copy: resamples by a random factor (moves pitch, formants and tempo together), puts most utterances into
a synthetic room, takes log-mel features; and makes a bank of noise features. The noise itself is mixed in by train.py.
"""
import glob, os, sys
from fractions import Fraction
import numpy as np
from scipy.signal import fftconvolve, resample_poly
from features import SR, logmel, noise, room


def copy_of(audio, off, r):
    features, starts = [], [0]
    for i in range(len(off) - 1):
        x = audio[off[i]:off[i + 1]].astype(np.float32) / 32768
        s = Fraction(round(r.uniform(.84, 1.16) * 40), 40)   # above 1: a lower voice, slower
        if s != 1: x = resample_poly(x, s.numerator, s.denominator).astype(np.float32)
        if r.random() < .55: x = fftconvolve(x, room(r)).astype(np.float32)
        x = np.pad(x, (r.integers(0, 4800), r.integers(0, 4800))); x *= .3 / (np.abs(x).max() + 1e-9)
        f = logmel(x); features.append(f.astype(np.float16)); starts.append(starts[-1] + len(f))
    return np.concatenate(features), np.array(starts)


def noise_bank(path, out):
    r = np.random.default_rng(5); z = np.load(path); a = z['audio'].astype(np.float32) / 32768; off = z['off']; bank = []
    for i in range(60):
        kind = ['white', 'pink', 'brown', 'blue', 'hum', 'babble', 'babble', 'babble', 'pink', 'babble'][i % 10]
        voices = [a[off[j]:off[j + 1]] for j in r.integers(0, len(off) - 1, r.integers(2, 9))]
        y = noise(kind, SR * 8, r, voices)
        if kind != 'babble' and r.random() < .5:   # slow changes of level
            y = y * np.interp(np.arange(len(y)), np.linspace(0, len(y), 17), r.uniform(.2, 1.5, 17)).astype(np.float32)
        bank.append(logmel(y / np.sqrt((y ** 2).mean()) * .05))
    np.savez(out, noise=np.stack(bank).astype(np.float32))


def main():
    src, out, copies = sys.argv[1], sys.argv[2], int(sys.argv[3]); part, parts = map(int, (sys.argv[4] if len(sys.argv) > 4 else '0/1').split('/'))
    os.makedirs(out, exist_ok=True)
    files = sorted(glob.glob(src + '/train_???.npz')) + sorted(glob.glob(src + '/words_???.npz'))
    for path in files[part::parts]:
        kind, chunk = os.path.basename(path)[:-4].split('_')
        for k in range(copies):
            name = '%s/%s_%s_%d.npz' % (out, kind, chunk, k)
            if os.path.exists(name): continue
            z = np.load(path); features, starts = copy_of(z['audio'], z['off'], np.random.default_rng([ord(kind[0]), int(chunk), k]))
            np.savez(name + '.part.npz', feat=features, off=starts, txt=z['txt'], voice=z['voice']); os.rename(name + '.part.npz', name)
    if part == 0 and not os.path.exists(out + '/noise.npz'): noise_bank(src + '/train_000.npz', out + '/noise.npz')
    print('features', len(glob.glob(out + '/*_?.npz')))


if __name__ == '__main__': main()
