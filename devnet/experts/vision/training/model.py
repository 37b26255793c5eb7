"""The network: a stride-8 centre-point detector (objectness, offset, size, class scores) and three scene heads."""
import torch
import torch.nn as nn
import torch.nn.functional as F

PLACES = ['none', 'meadow', 'forest', 'sea', 'beach', 'underwater', 'desert', 'mountains', 'city', 'space', 'room']
TIMES = ['day', 'sunset', 'night']
WEATHERS = ['clear', 'rain', 'snow', 'fog']
HEADS = (len(PLACES), len(TIMES), len(WEATHERS))
STRIDE = 8


def block(channels_in, channels_out, stride=1, kernel=3):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(True),
    )


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class Net(nn.Module):
    """Input: normalised RGB, sides multiples of 32. Output: (objectness, dx, dy, log w, log h), class logits, scene logits."""

    def __init__(self, classes):
        super().__init__()
        self.down4 = nn.Sequential(block(3, 16, 2), block(16, 32, 2))
        self.down8 = nn.Sequential(block(32, 64, 2), Residual(64))
        self.down16 = nn.Sequential(block(64, 128, 2), Residual(128), Residual(128))
        self.down32 = nn.Sequential(block(128, 192, 2), Residual(192))
        self.side8, self.side16, self.side32 = block(64, 96, kernel=1), block(128, 96, kernel=1), block(192, 96, kernel=1)
        self.merge16, self.merge8 = block(96, 96), block(96, 128)
        self.geometry = nn.Conv2d(128, 5, 1)
        self.classes = nn.Conv2d(128, classes, 1)
        self.scene = nn.Sequential(nn.Linear(192 + 64, 64), nn.ReLU(True), nn.Linear(64, sum(HEADS)))
        nn.init.constant_(self.geometry.bias, 0.0)
        self.geometry.bias.data[0] = -3.0  # Objects are rare, so the first guess is "nothing here".

    def forward(self, x):
        a = self.down8(self.down4(x))
        b = self.down16(a)
        c = self.down32(b)
        p = self.merge16(self.side16(b) + F.interpolate(self.side32(c), scale_factor=2.0, mode='nearest'))
        p = self.merge8(self.side8(a) + F.interpolate(p, scale_factor=2.0, mode='nearest'))
        pooled = torch.cat([c.mean((2, 3)), a.mean((2, 3))], 1)
        return self.geometry(p), self.classes(p), self.scene(pooled)
