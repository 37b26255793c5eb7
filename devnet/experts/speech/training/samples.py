#!/usr/bin/env python3
"""usage: samples.py examples|fixtures OUTDIR   Writes the WAVs (16 kHz, mono) and texts of the demonstration, or of the tests.

All by flite and festival, whose voices may be used, changed and sold freely. The sentences are not among the training sentences. rms and
ked_diphone were never in training; slt, awb and kal16 were.
"""
import os, random, sys, wave
import numpy as np
from features import SR
from synth import festival, flite, to16k, trim

EXAMPLES = [('spoken-request', 'flite:rms', 'paint a red fox under a tree in the snow at night'),
            ('spoken-castle', 'flite:rms', 'draw three yellow balloons above a castle'),
            ('spoken-rabbit', 'flite:rms', 'show me a white rabbit next to a big pumpkin'),
            ('spoken-sailboat', 'flite:rms', 'a picture of a sailboat on the sea and a rainbow')]
FIXTURES = [('slt-elephant', 'flite:slt', 'the elephant sees a small green frog'),
            ('awb-train', 'flite:awb', 'two dogs wait for the train at noon'),
            ('kal-morning', 'flite:kal16', 'please read my message in the morning'),
            ('ked-boats', 'festival:ked_diphone', 'draw five boats and a golden moon')]


def main():
    kind, out = sys.argv[1:3]; os.makedirs(out, exist_ok=True)
    for name, voice, text in EXAMPLES if kind == 'examples' else FIXTURES:
        r = random.Random(name); engine, v = voice.split(':')
        x, rate = flite(v, text, r) if engine == 'flite' else festival([(v, text, r)])[0]
        y = np.pad(trim(to16k(x, rate)), (1600, 1600))
        with wave.open('%s/%s.wav' % (out, name), 'wb') as w: w.setnchannels(1); w.setsampwidth(2); w.setframerate(SR); w.writeframes(y.astype('<i2').tobytes())
        with open('%s/%s.txt' % (out, name), 'w') as f: f.write(text + '\n')
        print(name, voice, text, round(len(y) / SR, 2), 's')


if __name__ == '__main__': main()
