"""Training scenes made of pasted drawings, and the augmentation of all training pictures (numpy and Pillow)."""
import io
import json
import math
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

TRAINING_SETS = ['noto', 'fluent-emoji-flat', 'fluent-emoji', 'noto-v1', 'fxemoji', 'emojione', 'streamline-emojis']
WEIGHT = {'noto': 2.0, 'fluent-emoji': 0.8}
"""How often a set is pasted, relative to 1."""


class Sprites:
    """The drawings of the training sets by label and set; the held-out sets are not loaded at all."""

    def __init__(self, folder):
        described = json.load(open(os.path.join(folder, 'sprites.json')))
        raw = np.memmap(os.path.join(folder, 'sprites.bin'), np.uint8, 'r')
        self.labels = described['labels']
        self.drawings = [{} for _ in self.labels]
        for label, number, w, h, offset in described['index']:
            name = described['sets'][number]
            if name not in TRAINING_SETS:
                continue
            a = raw[offset:offset + w * h * 4].reshape(h, w, 4).astype(np.int32)
            rgb = np.where(a[..., 3:] > 0, a[..., :3] * 255 // np.maximum(a[..., 3:], 1), 0).clip(0, 255)
            image = Image.fromarray(np.concatenate([rgb, a[..., 3:]], 2).astype(np.uint8), 'RGBA')
            self.drawings[label].setdefault(name, []).append(image)

    def pick(self, rng, label):
        have = list(self.drawings[label])
        name = rng.choices(have, [WEIGHT.get(x, 1.0) for x in have])[0]
        return rng.choice(self.drawings[label][name])


def colour(rng):
    return tuple(rng.randrange(256) for _ in range(3))


def cut(rng, pictures, size):
    """A random piece of a random stored picture."""
    picture = pictures[rng.randrange(len(pictures))]
    side = picture.shape[0]
    c = rng.randint(max(size // 2, side * 45 // 100), side)
    x, y = rng.randint(0, side - c), rng.randint(0, side - c)
    piece = Image.fromarray(picture[y:y + c, x:x + c]).resize((size, size), Image.BILINEAR)
    return piece.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < .5 else piece


def background(rng, size, backgrounds, negatives):
    r = rng.random()
    if r < .5:
        return cut(rng, backgrounds, size)
    if r < .7:
        return cut(rng, negatives, size)
    r = rng.random()
    if r < .25:
        return Image.new('RGB', (size, size), colour(rng) if rng.random() < .7 else (255, 255, 255))
    if r < .6:
        n = rng.choice([2, 2, 3])
        grid = np.array([[colour(rng) for _ in range(n)] for _ in range(n)], np.uint8)
    else:
        n = rng.choice([3, 4, 6, 10, 16])
        noise = np.random.RandomState(rng.randrange(1 << 30)).randn(n, n, 3) * rng.choice([15, 35, 60])
        grid = (np.array(colour(rng), float) + noise).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(grid).resize((size, size), Image.BICUBIC)
    shapes(rng, image)
    return image


def shapes(rng, image):
    """Distracting shapes in one colour each."""
    size, draw = image.size[0], ImageDraw.Draw(image)
    for _ in range(rng.choice([0, 0, 1, 2, 4, 8])):
        x, y, w, h = (rng.uniform(a, b) * size for a, b in ((-.2, 1), (-.2, 1), (.03, .6), (.03, .6)))
        fill, kind = colour(rng), rng.randrange(4)
        if kind == 0:
            draw.rectangle([x, y, x + w, y + h], fill=fill)
        elif kind == 1:
            draw.ellipse([x, y, x + w, y + h], fill=fill)
        elif kind == 2:
            draw.line([x, y, rng.random() * size, rng.random() * size], fill=fill, width=rng.randint(1, 4))
        else:
            draw.polygon([(x, y + h), (x + w / 2, y), (x + w, y + h)], fill=fill)


def tint(rng, a):
    """Recolours a drawing (float, h x w x 3, 0 to 255): as it is, as colour words do it, grey, swapped, jittered."""
    r = rng.random()
    if r < .45:
        return a
    luminance = a @ np.array([.3, .59, .11])
    if r < .60:
        c = np.array(colour(rng), float)
        tinted = luminance[..., None] / 255 * (c * .35 + 150) + c * .45 - 30
        k = rng.uniform(.5, .9)
        return a * (1 - k) + tinted * k
    if r < .64:
        return np.repeat(luminance[..., None], 3, 2)
    if r < .70:
        return a[..., rng.choice([(1, 0, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)])]
    matrix = np.eye(3) * rng.uniform(.75, 1.2) + np.array([[rng.gauss(0, .07) for _ in range(3)] for _ in range(3)])
    saturation = rng.uniform(.6, 1.3)
    return (a * saturation + luminance[..., None] * (1 - saturation)) @ matrix + rng.uniform(-20, 20)


def paste(rng, canvas, image, x, y, w, h):
    """Draws an image centred on x, y; returns its box and where its mask lies, or None outside the picture."""
    image = image.resize((max(3, round(w)), max(3, round(h))), Image.BILINEAR)
    if rng.random() < .5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    if rng.random() < .55:
        angle = rng.gauss(0, 9) if rng.random() < .85 else rng.uniform(-60, 60)
        image = image.rotate(angle, Image.BILINEAR, expand=True)
    a = np.asarray(image).astype(np.float32)
    alpha = a[..., 3:] / 255
    ys, xs = np.nonzero(alpha[..., 0] > .15)
    if len(ys) == 0:
        return None
    rgb, size = tint(rng, a[..., :3]), canvas.shape[0]
    height, width = alpha.shape[:2]
    left, top = int(round(x - width / 2)), int(round(y - height / 2))
    x0, y0, x1, y1 = max(0, left), max(0, top), min(size, left + width), min(size, top + height)
    if x1 <= x0 or y1 <= y0:
        return None
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - alpha[part]) + rgb[part].clip(0, 255) * alpha[part]
    box = (left + xs.min(), top + ys.min(), left + xs.max() + 1, top + ys.max() + 1)
    return box, x0, y0, alpha[part][..., 0] > .5


def finish(rng, canvas):
    """Augments a whole picture: veils, contrast, rain and snow, blur, JPEG, noise. Float in, uint8 out."""
    size = canvas.shape[0]
    if rng.random() < .18:
        k, veil = rng.uniform(.1, .5), rng.choice([[8, 16, 50], [255, 140, 80], [225, 232, 238], [20, 60, 110]])
        canvas = canvas * (1 - k) + np.array(veil, np.float32) * k
    if rng.random() < .5:
        canvas = (canvas - 128) * rng.uniform(.7, 1.25) + 128 + rng.uniform(-25, 25)
    if rng.random() < .3:
        canvas = canvas * np.array([rng.uniform(.85, 1.12) for _ in range(3)], np.float32)
    image = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    if rng.random() < .12:
        precipitate(rng, image)
    if rng.random() < .25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(.3, 1.1)))
    if rng.random() < .25:
        file = io.BytesIO()
        image.save(file, 'JPEG', quality=rng.randint(25, 90))
        image = Image.open(file).convert('RGB')
    a = np.asarray(image)
    if rng.random() < .25:
        noise = np.random.RandomState(rng.randrange(1 << 30)).randn(size, size, 3) * rng.uniform(2, 14)
        a = (a + noise).clip(0, 255).astype(np.uint8)
    return a


def precipitate(rng, image):
    size, draw = image.size[0], ImageDraw.Draw(image)
    is_snow, drift = rng.random() < .5, rng.uniform(-3, 3)
    for _ in range(rng.randint(10, 60)):
        x, y, r = rng.random() * size, rng.random() * size, rng.uniform(.4, 1.8)
        if is_snow:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=(250, 250, 255))
        else:
            draw.line([x, y, x + drift, y + 7], fill=(190, 210, 235), width=1)


def shadow(rng, canvas, x, y, w, h):
    image = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    ellipse = [x - w * .45, y + h * .42, x + w * .45, y + h * .56]
    ImageDraw.Draw(image, 'RGBA').ellipse(ellipse, fill=(0, 0, 0, rng.randint(20, 90)))
    return np.asarray(image).astype(np.float32).copy()


def find_room(rng, size, w, h, placed):
    """A centre where the drawing covers others little, or None."""
    for _ in range(8):
        x = rng.uniform(w * .42, max(w * .42 + 1, size - w * .42))
        y = rng.uniform(h * .42, max(h * .42 + 1, size - h * .42))
        if all(abs(x - p[1]) > (w + p[3]) * .36 or abs(y - p[2]) > (h + p[4]) * .36 for p in placed):
            return x, y
    return None


def scene(rng, size, sprites, number, limits, backgrounds, negatives):
    """A picture (uint8) with up to `number` pasted drawings of `limits` pixels, and their boxes (label, x, y, w, h)."""
    canvas = np.asarray(background(rng, size, backgrounds, negatives)).astype(np.float32).copy()
    placed, owner = [], np.full((size, size), -1, np.int16)
    is_flock, label = rng.random() < .15, None
    low, high = limits
    base = math.exp(rng.uniform(math.log(low), math.log(high)))
    for _ in range(number):
        if not is_flock or label is None:
            label = rng.randrange(len(sprites.labels))
        image = sprites.pick(rng, label)
        wanted = min(high, max(low, base * math.exp(rng.gauss(0, .25))))
        w, h = image.size
        k = wanted / (math.sqrt(w * h) if rng.random() < .5 else max(w, h))
        w, h = w * k * math.exp(rng.gauss(0, .06)), h * k * math.exp(rng.gauss(0, .06))
        room = find_room(rng, size, w, h, placed)
        if room is None:
            continue
        x, y = room
        if rng.random() < .3:
            canvas = shadow(rng, canvas, x, y, w, h)
        drawn = paste(rng, canvas, image, x, y, w, h)
        if drawn is None:
            continue
        box, x0, y0, mask = drawn
        owner[y0:y0 + mask.shape[0], x0:x0 + mask.shape[1]][mask] = len(placed)
        placed.append((label, x, y, w, h, box, max(1, int(mask.sum()))))
    boxes = []
    for index, (label, _, _, _, _, box, area) in enumerate(placed):
        if (owner == index).sum() / area > .35:  # What is covered more than that is not asked for.
            boxes.append((label, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]))
    return finish(rng, canvas), boxes
