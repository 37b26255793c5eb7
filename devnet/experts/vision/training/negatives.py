"""Pictures that look like photographs, scans or patterns and show nothing the network knows.

python3 negatives.py <data folder> <number>  ->  negatives.bin (176 x 176 x RGB each)
"""
import json
import math
import os
import random
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 176


def palette(rng):
    """Colours as photographs have them: mostly dull, now and then strong."""
    hue, grey = np.array([rng.random() for _ in range(3)]), rng.random()
    share = rng.choice([.1, .25, .25, .5, .9])
    return (hue * share + grey * (1 - share)) * 255


def spectrum(rng, slope, stretch=1.0):
    """A noise field whose amplitude falls with frequency to the power of `slope`; natural pictures have about 1."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None] * stretch, np.fft.fftfreq(SIDE)[None, :] / stretch
    amplitude = 1 / np.maximum(np.hypot(fx, fy), 1 / SIDE) ** slope
    phase = np.random.RandomState(rng.randrange(1 << 30)).uniform(0, 2 * math.pi, (SIDE, SIDE))
    field = np.real(np.fft.ifft2(amplitude * np.exp(1j * phase)))
    return (field - field.mean()) / (field.std() + 1e-9)


def texture(rng):
    """Grass, cloth, rock, clouds: coloured 1/f noise, sometimes with hard edges."""
    base, other = palette(rng), palette(rng)
    field = spectrum(rng, rng.uniform(.5, 2.2), rng.choice([1, 1, 1, 2, 4]))
    kind = rng.random()
    if kind < .25:
        field = np.abs(field) * 2 - 1
    elif kind < .45:
        field = np.tanh(field * rng.uniform(2, 12))
    elif kind < .6:
        field = np.round(field * rng.uniform(1, 3)) / 2
    share = (field * rng.uniform(.15, .5) + .5).clip(0, 1)[..., None]
    picture = base * (1 - share) + other * share
    return picture + spectrum(rng, rng.uniform(0, 1))[..., None] * rng.uniform(0, 14)


def gradient(rng):
    """Walls, skies, bare screens."""
    corners = np.array([[palette(rng) for _ in range(2)] for _ in range(2)]).clip(0, 255).astype(np.uint8)
    picture = np.asarray(Image.fromarray(corners).resize((SIDE, SIDE), Image.BICUBIC)).astype(np.float32)
    return picture + np.random.RandomState(rng.randrange(1 << 30)).randn(SIDE, SIDE, 1) * rng.uniform(0, 10)


def leaves(rng):
    """Dead leaves: textured shapes over each other in all sizes, the usual model of a photograph's edges."""
    picture = texture(rng).clip(0, 255)
    light = spectrum(rng, 2)
    number = rng.choice([8, 20, 60, 150])
    biggest = rng.uniform(.1, .5)
    for _ in range(number):
        radius = SIDE * min(biggest, .02 / max(.02, rng.random()))
        x, y = rng.uniform(0, SIDE), rng.uniform(0, SIDE)
        points = rng.choice([3, 4, 4, 5, 8, 14, 14])
        start, ragged = rng.random() * 7, rng.uniform(0, .5)
        stretch = rng.uniform(.3, 1)
        corners = []
        for k in range(points):
            angle, r = start + 2 * math.pi * k / points, radius * (1 - ragged * rng.random())
            corners.append((x + r * math.cos(angle), y + r * stretch * math.sin(angle)))
        mask = Image.new('L', (SIDE, SIDE), 0)
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        if rng.random() < .5:
            mask = mask.filter(ImageFilter.GaussianBlur(rng.uniform(.5, 2.5)))
        alpha = np.asarray(mask).astype(np.float32)[..., None] / 255
        rolled = np.roll(light, (rng.randrange(SIDE), rng.randrange(SIDE)), (0, 1))[..., None]
        fill = palette(rng) + rolled * rng.uniform(0, 35)
        picture = picture * (1 - alpha) + fill * alpha
    shade = 1 + .25 * rng.uniform(0, 1) * spectrum(rng, 2.2)[..., None]
    return picture * shade


def page(rng):
    """A scanned or photographed page: lines of small marks on paper, boxes, stains."""
    paper = 235 - rng.random() * 60 + np.array([0, -rng.random() * 12, -rng.random() * 35])
    ink = palette(rng) * .35
    image = Image.fromarray(np.broadcast_to(paper, (SIDE, SIDE, 3)).astype(np.uint8).copy())
    draw = ImageDraw.Draw(image)
    line = rng.uniform(3.5, 14)
    y = rng.uniform(2, 20)
    while y < SIDE:
        x, end = rng.uniform(2, 20), rng.uniform(.4, 1) * SIDE
        while x < end and rng.random() > .02:
            width = line * rng.uniform(.15, .6)
            height = line * rng.uniform(.25, .6)
            if rng.random() < .5:
                draw.rectangle([x, y, x + width, y + height], outline=tuple(int(v) for v in ink))
            else:
                draw.line([x, y, x + width, y + height], fill=tuple(int(v) for v in ink), width=1)
            x += width + line * rng.choice([.12, .12, .12, .5])
        y += line * rng.choice([1, 1, 1, 1, 2.5])
    if rng.random() < .4:
        image = image.rotate(rng.uniform(-12, 12), Image.BILINEAR, fillcolor=tuple(int(v) for v in palette(rng)))
    shade = 1 + .12 * spectrum(rng, 2)[..., None]
    return np.asarray(image).astype(np.float32) * shade


def pattern(rng):
    """Stripes, grids, rings and boards, which drawings of pianos, zebras and footballs are easily seen in."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    angle, period = rng.uniform(0, math.pi) * rng.choice([0, 1]), rng.uniform(4, 60)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    kind = rng.randrange(5)
    if kind == 0:
        field = np.sin(along * 2 * math.pi / period)
    elif kind == 1:
        field = np.sin(along * 2 * math.pi / period) * np.sin(across * 2 * math.pi / (period * rng.uniform(.5, 2)))
    elif kind == 2:
        field = np.sin(np.hypot(x - rng.uniform(0, SIDE), y - rng.uniform(0, SIDE)) * 2 * math.pi / period)
    elif kind == 3:
        field = np.maximum(np.cos(along * 2 * math.pi / period), np.cos(across * 2 * math.pi / period)) * 2 - 1
    else:
        inside = ((along % period) - period / 2) ** 2 + ((across % period) - period / 2) ** 2
        field = np.where(inside < (period * rng.uniform(.2, .45)) ** 2, 1.0, -1.0)
    if rng.random() < .6:
        field = np.sign(field - rng.uniform(-.5, .5))
    share = (field * .5 + .5)[..., None]
    first, second = palette(rng), palette(rng)
    if rng.random() < .3:
        first, second = np.full(3, 235.0), np.full(3, 30.0)
    return first * share + second * (1 - share) + spectrum(rng, 1)[..., None] * rng.uniform(0, 12)


def collage(rng, backgrounds, sprites):
    """Pieces of composed backgrounds and drawings, shuffled, stretched and blurred until nothing can be made out."""
    picture = np.array(backgrounds[rng.randrange(len(backgrounds))]).astype(np.uint8)
    for _ in range(rng.randint(4, 30)):
        source = sprites[rng.randrange(len(sprites))]
        size = rng.randint(6, 22)
        h, w = source.shape[:2]
        if h <= size or w <= size:
            continue
        y, x = rng.randrange(h - size), rng.randrange(w - size)
        piece = Image.fromarray(source[y:y + size, x:x + size]).resize((rng.randint(8, 90), rng.randint(8, 90)), Image.BILINEAR)
        piece = np.asarray(piece)
        ph, pw = piece.shape[:2]
        ty, tx = rng.randrange(SIDE - ph), rng.randrange(SIDE - pw)
        picture[ty:ty + ph, tx:tx + pw] = piece
    image = Image.fromarray(picture)
    if rng.random() < .8:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(.5, 8)))
    return np.asarray(image).astype(np.float32)


def photographic(rng, picture):
    """What a camera adds: contrast, vignette, blur, grain."""
    y, x = np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j]
    picture = (picture - 128) * rng.uniform(.6, 1.3) + 128 + rng.uniform(-30, 30)
    if rng.random() < .4:
        picture = picture * (1 - rng.uniform(0, .5) * (x ** 2 + y ** 2) / 2)[..., None]
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    if rng.random() < .5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(.3, 2.5)))
    grain = np.random.RandomState(rng.randrange(1 << 30)).randn(SIDE, SIDE, 3) * rng.choice([0, 3, 8])
    return (np.asarray(image) + grain).clip(0, 255).astype(np.uint8)


def read_sprites(folder):
    """Opaque RGB of the first training set's sprites, as a quarry for collages."""
    index = json.load(open(os.path.join(folder, 'sprites.json')))['index']
    raw = np.memmap(os.path.join(folder, 'sprites.bin'), np.uint8, 'r')
    return [np.array(raw[o:o + w * h * 4].reshape(h, w, 4)[..., :3]) for _, s, w, h, o in index if s == 0]


def main():
    folder, number = sys.argv[1], int(sys.argv[2])
    backgrounds = np.memmap(os.path.join(folder, 'backgrounds.bin'), np.uint8, 'r').reshape(-1, SIDE, SIDE, 3)
    sprites = read_sprites(folder)
    with open(os.path.join(folder, 'negatives.bin'), 'wb') as out:
        for index in range(number):
            rng = random.Random(f'negative{index}')
            make = rng.choices([texture, leaves, page, pattern, gradient, collage], [22, 34, 12, 14, 6, 12])[0]
            picture = make(rng, backgrounds, sprites) if make is collage else make(rng)
            out.write(photographic(rng, picture).tobytes())
    print(number, 'negatives')


if __name__ == '__main__':
    main()
