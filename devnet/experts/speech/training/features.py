"""Log-mel features (features.ts has the same arithmetic; a test compares the two), synthetic rooms and noises."""
import numpy as np

SR, WIN, HOP, NFFT, NMEL, LOWEST_HZ, HIGHEST_HZ = 16000, 400, 160, 512, 40, 60.0, 7200.0


def mel(hz): return 1127.0 * np.log1p(hz / 700.0)


def mel_bank():
    m = np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), NMEL + 2); b = mel(np.arange(NFFT // 2 + 1) * SR / NFFT)
    up = (b[None] - m[:-2, None]) / (m[1:-1] - m[:-2])[:, None]; down = (m[2:, None] - b[None]) / (m[2:] - m[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down)).astype(np.float32)


BANK = mel_bank()
HANN = (.5 - .5 * np.cos(2 * np.pi * np.arange(WIN) / WIN)).astype(np.float32)


def logmel(x):
    """x: samples in -1..1 at 16 kHz -> (frames, 40) log energies, 25 ms windows every 10 ms."""
    x = np.asarray(x, np.float32)
    if len(x) < WIN: x = np.pad(x, (0, WIN - len(x)))
    n = 1 + (len(x) - WIN) // HOP
    frames = np.lib.stride_tricks.as_strided(x, (n, WIN), (x.strides[0] * HOP, x.strides[0]))
    power = np.abs(np.fft.rfft(frames * HANN, NFFT)) ** 2
    return np.log(power.astype(np.float32) @ BANK.T + 1e-7)


def normalise(f):
    """Level only: the 95th percentile of the frames' mean becomes 0, the floor is clipped. (Means of each channel over the utterance
    would remove a single word's own spectrum.)"""
    e = np.sort(f.mean(1)); f = f - e[int(.95 * (len(e) - 1))]
    return np.clip(f, -10, 6) / 3 + 1


def room(r, rt=None):
    """A room's impulse response: direct path, early reflections, exponential noise tail; rt is the time to -60 dB in seconds."""
    rt = rt or r.uniform(.08, .6); n = int(SR * rt); t = np.arange(n + 1) / SR
    tail = r.standard_normal(n + 1) * np.exp(-6.9 * t / rt); tail[:int(r.uniform(.002, .012) * SR)] = 0
    h = tail.astype(np.float32); h /= np.sqrt((h ** 2).sum()) + 1e-9; h *= 10 ** (-r.uniform(2, 16) / 20)
    for _ in range(r.integers(2, 7)): h[min(n, int(r.uniform(.001, .03) * SR))] += r.uniform(-.4, .4)
    h[0] += 1
    return h


def noise(kind, n, r, voices=None):
    """n samples of white, pink, brown, blue, hum or babble (the sum of `voices`) with a root mean square of 1."""
    if kind == 'babble':
        y = np.zeros(n, np.float32)
        for v in voices: v = np.roll(v, r.integers(0, max(1, len(v)))); y += np.tile(v, n // len(v) + 1)[:n] * r.uniform(.4, 1)
    elif kind == 'hum':
        t = np.arange(n) / SR; f = r.choice([50, 60, 100, 120])
        y = sum(r.uniform(.1, 1) / k * np.sin(2 * np.pi * (f * k * t + r.uniform())) for k in range(1, 12)) + .05 * r.standard_normal(n)
    else:
        s = np.fft.rfft(r.standard_normal(n)); f = np.maximum(np.fft.rfftfreq(n, 1 / SR), 20)
        y = np.fft.irfft(s * f ** {'white': 0, 'pink': -.5, 'brown': -1, 'blue': .4}[kind], n)
    y = y.astype(np.float32)
    return y / (np.sqrt((y ** 2).mean()) + 1e-9)
