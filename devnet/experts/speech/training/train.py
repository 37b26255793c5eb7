#!/usr/bin/env python3
"""usage: train.py FEATDIR LANG.json OUT.pt --steps N [--decay-from K --decay-steps R] [--width 192] [--blocks 9] [--threads 1] [--seed 1]

CTC on phones, AdamW, one cosine over the given number of steps; with --decay-from K, the cosine is left at step K and a shorter one goes
from there to zero in R steps, so that a long run can be brought to an end early. Every random choice follows from the seed and the number of the step, so a
run that is stopped goes on from OUT.pt as if it had not been (same processor, same number of threads: same weights).
"""
import argparse, glob, json, math, os, time
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from augment import augment
from network import Net

WARM_UP = 300            # steps
SAVE_EVERY = 500
LOG_EVERY = 100


def arguments():
    p = argparse.ArgumentParser(); p.add_argument('features'); p.add_argument('language'); p.add_argument('out'); p.add_argument('--steps', type=int, required=True)
    p.add_argument('--width', type=int, default=192); p.add_argument('--blocks', type=int, default=9); p.add_argument('--threads', type=int, default=1)
    p.add_argument('--lr', type=float, default=2e-3); p.add_argument('--batch', type=int, default=4500, help='frames of 10 ms'); p.add_argument('--seed', type=int, default=1)
    p.add_argument('--formant-share', type=float, default=.4, help='how often an epoch uses an utterance of a formant synthesizer'); p.add_argument('--snr', type=float, default=7.)
    p.add_argument('--decay-from', type=int, default=0); p.add_argument('--decay-steps', type=int, default=0)
    p.add_argument('--stop-after', type=int, default=0, help='stop after so many steps (to measure, or to go on later)')
    return p.parse_args()


def rate_at(step, a):
    """The learning rate of a step."""
    cosine = lambda share: .5 + .5 * math.cos(math.pi * share)
    if a.decay_from and step > a.decay_from: return a.lr * cosine(a.decay_from / a.steps) * cosine((step - a.decay_from) / a.decay_steps) + 1e-6
    return a.lr * min(1, (step + 1) / WARM_UP) * cosine(step / a.steps) + 1e-6


def load(folder, lexicon, unit_of, formant_share):
    """-> [(copies: [features], target: [unit], weight: how often an epoch uses it)]"""
    data = {}
    for path in sorted(glob.glob(folder + '/*_???_?.npz')):
        kind, chunk, _ = os.path.basename(path)[:-4].split('_'); z = dict(np.load(path)); x, off = z['feat'], z['off']
        for i, t in enumerate(z['txt']):
            key = (kind, chunk, i)
            if key not in data:
                weight = (formant_share if str(z['voice'][i]).startswith('espeak') else 1.) * (2 if kind == 'words' else 1)
                data[key] = ([], [unit_of[p] for w in str(t).split() for p in lexicon[w]], weight)
            data[key][0].append(x[off[i]:off[i + 1]])
    return [data[k] for k in sorted(data)]


def batches_of(data, seed, epoch, frames):
    """Utterances of about one length together, in random order."""
    r = np.random.default_rng([seed, 1, epoch])
    pick = [i for i in range(len(data)) for _ in range(int(data[i][2] + r.random()))]
    keys = {i: len(data[i][0][0]) + r.uniform(0, 60) for i in pick}; out, batch, n = [], [], 0
    for i in sorted(pick, key=keys.get):
        batch.append(i); n += len(data[i][0][0])
        if n > frames: out.append(batch); batch, n = [], 0
    if batch: out.append(batch)
    return [out[k] for k in r.permutation(len(out))]


def loss_of(model, data, batch, noise, r, lowest_snr):
    inputs = [augment(data[i][0][r.integers(len(data[i][0]))], r, noise, lowest_snr) for i in batch]
    x = np.zeros((len(inputs), 40, max(len(f) for f in inputs)), np.float32)
    for j, f in enumerate(inputs): x[j, :, :len(f)] = f.T
    with torch.autocast('cpu', torch.bfloat16): scores = model.scores(torch.from_numpy(x))
    logp = F.log_softmax(scores.float(), -1); lengths = torch.tensor([min(logp.shape[1], (len(f) + 2) // 3) for f in inputs]); targets = [torch.tensor(data[i][1]) for i in batch]
    return F.ctc_loss(logp.transpose(0, 1), torch.cat(targets), lengths, torch.tensor([len(t) for t in targets]), zero_infinity=True)


def main():
    a = arguments(); torch.set_num_threads(a.threads); torch.manual_seed(a.seed)
    with open(a.language) as f: language = json.load(f)
    units = language['phones']; lexicon = {w: p.split() for w, p in zip(language['words'], language['lexicon'])}
    data = load(a.features, lexicon, {u: i + 1 for i, u in enumerate(units)}, a.formant_share); noise = np.load(a.features + '/noise.npz')['noise']
    model = Net(len(units) + 1, a.width, a.blocks); optimizer = torch.optim.AdamW(model.parameters(), lr=a.lr, weight_decay=.01, betas=(.9, .98))
    step = epoch = place = 0; last = a.stop_after or (a.decay_from + a.decay_steps if a.decay_from else a.steps)
    if os.path.exists(a.out):
        c = torch.load(a.out); model.load_state_dict(c['model']); optimizer.load_state_dict(c['optimizer']); step, epoch, place = c['step'], c['epoch'], c['place']
    hours = sum(len(d[0][0]) for d in data) / 360000
    print('utterances', len(data), 'hours', round(hours, 2), 'copies', len(data[0][0]), 'parameters', sum(p.numel() for p in model.parameters()), 'from step', step, flush=True)
    model.train(); start = time.time(); losses = []
    while step < last:
        batches = batches_of(data, a.seed, epoch, a.batch)
        while place < len(batches) and step < last:
            done = step / a.steps; torch.manual_seed(a.seed * 1_000_003 + step); r = np.random.default_rng([a.seed, 2, step])
            for g in optimizer.param_groups: g['lr'] = rate_at(step, a)
            lowest_snr = 25 - (25 - a.snr) * min(1, done * 4)   # 25 dB at first, the given one after a quarter of the steps
            loss = loss_of(model, data, batches[place], noise, r, lowest_snr)
            optimizer.zero_grad(); loss.backward(); nn.utils.clip_grad_norm_(model.parameters(), 5.); optimizer.step()
            step += 1; place += 1; losses.append(loss.item())
            if step % LOG_EVERY == 0:
                print('step %d epoch %d loss %.4f %.1f min cpu %.1f min' % (step, epoch, np.mean(losses), (time.time() - start) / 60, time.process_time() / 60), flush=True); losses = []
            if step % SAVE_EVERY == 0 or step == last:
                torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'step': step, 'epoch': epoch, 'place': place, 'steps': a.steps,
                            'units': units, 'width': a.width, 'blocks': a.blocks}, a.out + '.part'); os.replace(a.out + '.part', a.out)
        if place >= len(batches): epoch += 1; place = 0


if __name__ == '__main__': main()
