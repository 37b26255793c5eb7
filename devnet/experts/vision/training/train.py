"""Trains one stage, by step count: python3 train.py <data folder> <out.pt> --steps N --size S --batch B [...]

One thread computes and one loader process makes pictures. The same seed and step count give the same pictures in the
same order. `<out.pt>.resume` is written every 500 steps; with `--resume` training goes on from it (the pictures after a
resume are others than without one).
"""
import argparse
import json
import math
import os
import random
import time

os.environ.setdefault('OMP_NUM_THREADS', '1')
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from model import HEADS, STRIDE, Net
from scenes import Sprites, cut, finish, scene

torch.set_num_threads(1)
COMPOSED_SIDE = 176
OBJECTS_MAX = 24


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('data')
    parser.add_argument('out')
    parser.add_argument('--steps', type=int, required=True)
    parser.add_argument('--size', type=int, required=True, help='side of the pictures in pixels')
    parser.add_argument('--batch', type=int, required=True)
    parser.add_argument('--lr', type=float, required=True)
    parser.add_argument('--objects', type=float, default=1.3, help='pasted drawings a picture, on average')
    parser.add_argument('--low', type=float, default=26, help='smallest drawing in pixels')
    parser.add_argument('--high', type=float, default=60, help='biggest drawing in pixels')
    parser.add_argument('--composed', type=float, default=0, help='share of composed scenes')
    parser.add_argument('--negative', type=float, default=.06, help='share of pictures without anything')
    parser.add_argument('--init', help='weights to start from')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--resume', action='store_true')
    return parser.parse_args()


class Stream(IterableDataset):
    """An endless stream of (picture, boxes, number of boxes, scene truth)."""

    def __init__(self, options, first_step):
        self.options, self.first_step = options, first_step

    def __iter__(self):
        torch.set_num_threads(1)
        o = self.options
        rng = random.Random(o.seed * 1000003 + 17 + self.first_step * 7919)
        read = lambda name: np.memmap(os.path.join(o.data, name), np.uint8, 'r').reshape(-1, COMPOSED_SIDE, COMPOSED_SIDE, 3)
        backgrounds, negatives, sprites = read('backgrounds.bin'), read('negatives.bin'), Sprites(o.data)
        composed = truths = None
        if o.composed > 0:
            composed, truths = read('composed.bin'), json.load(open(os.path.join(o.data, 'composed.json')))
        while True:
            heads, r = np.full(3, -1, np.int64), rng.random()
            if r < o.negative:
                picture, boxes = np.asarray(cut(rng, negatives, o.size)), []
                picture = finish(rng, picture.astype(np.float32)) if rng.random() < .4 else picture
                if o.composed > 0:
                    heads[0] = 0  # No place of the composer's, so that photographs are not given one.
            elif r < o.negative + o.composed:
                index = rng.randrange(len(composed))
                heads[:] = truths[index][0]
                picture, boxes = vary(rng, composed[index], truths[index][1], o.size)
            else:
                number = 1 + int(rng.expovariate(1 / max(.01, o.objects - 1)))
                picture, boxes = scene(
                    rng, o.size, sprites, min(OBJECTS_MAX, number), (o.low, o.high), backgrounds, negatives
                )
            table = np.zeros((OBJECTS_MAX, 5), np.float32)
            count = min(len(boxes), OBJECTS_MAX)
            table[:count] = np.array(boxes, np.float32).reshape(-1, 5)[:count]
            yield torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))), torch.from_numpy(table), count, torch.from_numpy(heads)


def vary(rng, picture, boxes, size):
    """A composed scene mirrored, cropped a little, and augmented, each now and then."""
    boxes, side = np.array(boxes, np.float32).reshape(-1, 5), COMPOSED_SIDE
    if rng.random() < .5:
        picture, boxes[:, 1] = picture[:, ::-1], side - boxes[:, 1]
    if rng.random() < .5:
        cropped = rng.randint(int(side * .7), side)
        x, y = rng.randint(0, side - cropped), rng.randint(0, side - cropped)
        picture, side = picture[y:y + cropped, x:x + cropped], cropped
        boxes[:, 1] -= x
        boxes[:, 2] -= y
        boxes = boxes[(boxes[:, 1] > 0) & (boxes[:, 1] < side) & (boxes[:, 2] > 0) & (boxes[:, 2] < side)]
    how = Image.BOX if side > size else Image.BILINEAR
    picture = np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize((size, size), how))
    boxes[:, 1:] *= size / side
    if rng.random() < .3:
        picture = finish(rng, picture.astype(np.float32))
    return picture, boxes


def targets(tables, counts, grid):
    """Gaussian objectness map, and the cells that learn class and box: (picture, y, x, label, dx, dy, log w, log h, weight)."""
    batch = tables.shape[0]
    heat, cells = np.zeros((batch, grid, grid), np.float32), []
    yy, xx = np.mgrid[0:grid, 0:grid].astype(np.float32)
    for i in range(batch):
        for label, x, y, w, h in tables[i, :counts[i]]:
            cx, cy = x / STRIDE - .5, y / STRIDE - .5
            sx, sy = max(w / STRIDE * .11, .45), max(h / STRIDE * .11, .45)
            bump = np.exp(-((xx - cx) ** 2 / (2 * sx * sx) + (yy - cy) ** 2 / (2 * sy * sy)))
            ix, iy = int(min(max(round(cx), 0), grid - 1)), int(min(max(round(cy), 0), grid - 1))
            bump[iy, ix] = 1.0
            heat[i] = np.maximum(heat[i], bump)
            for jy in range(max(0, iy - 1), min(grid, iy + 2)):
                for jx in range(max(0, ix - 1), min(grid, ix + 2)):
                    is_centre = jx == ix and jy == iy
                    if is_centre or bump[jy, jx] > .35:
                        size = math.log(w / STRIDE), math.log(h / STRIDE)
                        cells.append((i, jy, jx, label, cx - jx, cy - jy, *size, 1.0 if is_centre else .4))
    return torch.from_numpy(heat), torch.tensor(cells, dtype=torch.float32).reshape(-1, 9)


def losses(outputs, tables, counts, heads):
    """Objectness (focal), class, box and scene losses of a batch, and the share of centres classified right."""
    geometry, classes, scenes = outputs
    heat, cells = targets(tables.numpy(), counts.numpy(), geometry.shape[-1])
    p = torch.sigmoid(geometry[:, 0]).clamp(1e-4, 1 - 1e-4)
    peak = (heat >= .999).float()
    hit = peak * (1 - p) ** 2 * torch.log(p)
    miss = (1 - peak) * (1 - heat) ** 4 * p ** 2 * torch.log(1 - p)
    objectness = -(hit + miss).sum() / max(1.0, float(peak.sum()))
    label = box = right = torch.zeros(())
    if len(cells):
        i, y, x, wanted = (cells[:, column].long() for column in range(4))
        weight = cells[:, 8]
        logits = classes[i, :, y, x]
        label = (F.cross_entropy(logits, wanted, reduction='none', label_smoothing=.05) * weight).sum() / weight.sum()
        offset = F.l1_loss(geometry[i, 1:, y, x], cells[:, 4:8], reduction='none').sum(1)
        box = (offset * weight).sum() / weight.sum()
        right = ((logits.argmax(1) == wanted).float() * (weight == 1)).sum() / (weight == 1).sum()
    whole, at = torch.zeros(()), 0
    for number, size in enumerate(HEADS):
        known = heads[:, number] >= 0
        if known.any():
            error = F.cross_entropy(scenes[known][:, at:at + size], heads[known, number])
            whole = whole + error * known.float().mean()
        at += size
    return objectness, label, box, whole, right


def main():
    o = read_arguments()
    torch.manual_seed(o.seed)
    net = Net(len(json.load(open(os.path.join(o.data, 'sprites.json')))['labels']))
    if o.init:
        net.load_state_dict(torch.load(o.init))
    net.train()
    average = {k: v.clone() for k, v in net.state_dict().items()}
    optimizer = torch.optim.AdamW(net.parameters(), lr=o.lr, weight_decay=1e-4)
    first = 0
    if o.resume and os.path.exists(o.out + '.resume'):
        kept = torch.load(o.out + '.resume')
        first, average = kept['step'], kept['average']
        net.load_state_dict(kept['net'])
        optimizer.load_state_dict(kept['optimizer'])
    batches = iter(DataLoader(Stream(o, first), batch_size=o.batch, num_workers=1, prefetch_factor=6))
    started, waited, running = time.time(), 0.0, None
    for step in range(first, o.steps):
        warm, cosine = min(1, (step + 1) / 100), .5 * (1 + math.cos(math.pi * step / o.steps))
        for group in optimizer.param_groups:
            group['lr'] = o.lr * warm * (cosine * .98 + .02)
        since = time.time()
        pictures, tables, counts, heads = next(batches)
        waited += time.time() - since
        parts = losses(net((pictures.float() - 127.5) / 64), tables, counts, heads)
        objectness, label, box, whole, _ = parts
        optimizer.zero_grad()
        (objectness + label + .3 * box + .3 * whole).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        keep = min(.998, (step + 1) / (step + 10))
        with torch.no_grad():
            for k, v in net.state_dict().items():
                average[k].mul_(keep).add_(v, alpha=1 - keep) if v.dtype.is_floating_point else average[k].copy_(v)
        now = np.array([float(part) for part in parts])
        running = now if running is None else running * .98 + now * .02
        done, spent = step + 1, time.time() - started
        if done % 100 == 0:
            figures = ' '.join(f'{n} {v:.3f}' for n, v in zip(('objectness', 'label', 'box', 'scene', 'right'), running))
            print(f'step {done} {figures} {spent / (done - first):.3f} s/step waiting {waited / spent:.2f}', flush=True)
        if done % 500 == 0:
            kept = {'step': done, 'net': net.state_dict(), 'average': average, 'optimizer': optimizer.state_dict()}
            torch.save(kept, o.out + '.part')
            os.replace(o.out + '.part', o.out + '.resume')
    torch.save(average, o.out)
    print('done', o.steps, 'steps', sum(p.numel() for p in net.parameters()), 'parameters', flush=True)


if __name__ == '__main__':
    main()
    os._exit(0)  # The loader process is in the middle of an endless stream.
