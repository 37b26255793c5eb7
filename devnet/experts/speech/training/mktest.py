#!/usr/bin/env python3
"""usage: mktest.py WAVDIR OUTDIR test|hand|test-blind|hand-blind   -> OUTDIR/<condition>.i16 (16 kHz, raw) and OUTDIR/manifest.json

Conditions: clean; white and babble noise at 20 and 10 dB over the utterance; a synthetic room with babble at 20 dB. Here noise is
added to the waveform, not in the mel domain as in training. Babble is six other utterances of the same set.
"""
import glob, json, os, sys
import numpy as np
from scipy.signal import fftconvolve
from features import noise, room

CONDITIONS = [('clean', None, 0, 0), ('white20', 'white', 20, 0), ('babble20', 'babble', 20, 0), ('white10', 'white', 10, 0), ('babble10', 'babble', 10, 0), ('room+babble20', 'babble', 20, 1)]


def main():
    src, out, kind = sys.argv[1:4]; os.makedirs(out, exist_ok=True)
    items, waves = [], []
    for path in sorted(glob.glob('%s/%s_???.npz' % (src, kind))):
        z = np.load(path); a, off = z['audio'], z['off']
        for i, (t, v) in enumerate(zip(z['txt'], z['voice'])): waves.append(a[off[i]:off[i + 1]].astype(np.float32) / 32768); items.append({'text': str(t), 'voice': str(v)})
    manifest = {'items': items, 'conditions': {}}
    for name, sort, snr, wet in CONDITIONS:
        r = np.random.default_rng(99); off = [0]
        with open('%s/%s.i16' % (out, name), 'wb') as o:
            for x in waves:
                if wet: x = fftconvolve(x, room(r, .35)).astype(np.float32)
                x = np.pad(x, (3200, 3200))
                if sort:
                    n = noise(sort, len(x), r, [waves[j] for j in r.integers(0, len(waves), 6)] if sort == 'babble' else None)
                    x = x + n * np.sqrt((x ** 2).sum() / (len(x) - 6400) * 10 ** (-snr / 10))
                y = (x / np.abs(x).max() * r.uniform(.1, .9) * 32767).astype('<i2'); o.write(y.tobytes()); off.append(off[-1] + len(y))
        manifest['conditions'][name] = off
    with open(out + '/manifest.json', 'w') as f: json.dump(manifest, f)
    print(out, len(items), 'utterances', round(off[-1] / 16000 / 60, 1), 'minutes each')


if __name__ == '__main__': main()
