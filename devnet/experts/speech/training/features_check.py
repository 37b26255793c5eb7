#!/usr/bin/env python3
"""usage: features_check.py OUT.json FRAMES a.wav   Normalised features of the first frames of a 16 kHz mono WAV, to test the TypeScript side against."""
import json, sys, wave
import numpy as np
from features import logmel, normalise

with wave.open(sys.argv[3]) as w: x = np.frombuffer(w.readframes(w.getnframes()), '<i2').astype(np.float32) / 32768
f = normalise(logmel(x))
with open(sys.argv[1], 'w') as o: json.dump({'frames': len(f), 'first': [[round(float(v), 5) for v in row] for row in f[:int(sys.argv[2])]]}, o)
