"""Turns trained weights into the shipped model: python3 export.py <in.pt> <sprites.json> <out.onnx> <out.json>

Batch norm is folded, weights are stored as float16 and cast to float32 when the model is loaded. `<out.json>` gets the
labels, the input side, and a calibration and threshold that `calibrate.ts` fits afterwards.
"""
import io
import json
import sys

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import HEADS, PLACES, TIMES, WEATHERS, Net

SIDE = 160
# Composed scenes have a flatness of 0.66 and more, 0.53 as JPEG of quality 50; photographs mostly below 0.5.
TEXTURED_FLATNESS_BELOW, TEXTURED_THRESHOLD = 0.5, 0.92


def fold(module):
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential) and len(child) >= 2 and isinstance(child[1], nn.BatchNorm2d):
            setattr(module, name, nn.Sequential(fuse_conv_bn_eval(child[0], child[1]), *list(child)[2:]))
        else:
            fold(child)


class Deployed(nn.Module):
    """Bytes of RGB in; out: objectness at local peaks (else 0), geometry, class logits, scene probabilities."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        geometry, classes, scene = self.net((x - 127.5) / 64)
        objectness = torch.sigmoid(geometry[:, :1])
        peak = (F.max_pool2d(objectness, 3, 1, 1) == objectness).float() * objectness
        first, second = HEADS[0], HEADS[0] + HEADS[1]
        parts = scene[:, :first], scene[:, first:second], scene[:, second:]
        return peak, geometry[:, 1:], classes, torch.cat([part.softmax(1) for part in parts], 1)


def store_as_float16(model):
    stored, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= 64:
            stored.append(tensor)
            continue
        stored.append(numpy_helper.from_array(values.astype(np.float16), tensor.name + '_h'))
        casts.append(helper.make_node('Cast', [tensor.name + '_h'], [tensor.name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.initializer[:]
    model.graph.initializer.extend(stored)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def main():
    weights, sprites, model_file, description_file = sys.argv[1:5]
    labels = json.load(open(sprites))['labels']
    net = Net(len(labels))
    net.load_state_dict(torch.load(weights))
    net.eval()
    fold(net)
    file, grid = io.BytesIO(), {2: 'gridHeight', 3: 'gridWidth'}
    torch.onnx.export(
        Deployed(net).eval(), torch.zeros(1, 3, SIDE, SIDE), file, opset_version=13, input_names=['image'],
        output_names=['peak', 'geometry', 'classes', 'scene'],
        dynamic_axes={'image': {2: 'height', 3: 'width'}, 'peak': grid, 'geometry': grid, 'classes': grid})
    model = onnx.load_from_string(file.getvalue())
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, model_file)
    description = {
        'labels': labels, 'places': PLACES, 'times': TIMES, 'weathers': WEATHERS,
        'side': SIDE, 'calibration': [0.0, 1.0, 1.0], 'threshold': 0.7,
        'textured': {'flatnessBelow': TEXTURED_FLATNESS_BELOW, 'threshold': TEXTURED_THRESHOLD}}
    json.dump(description, open(description_file, 'w'))
    print(model_file, len(model.SerializeToString()), 'bytes')


if __name__ == '__main__':
    main()
