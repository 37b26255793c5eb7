#!/usr/bin/env python3
"""usage: export.py MODEL.pt OUT.onnx [f32|f16|i8]

Batch norm is folded into the convolutions. f16 and i8 only change how weights are stored (Cast, or Cast and Mul, in front of each
convolution, which the runtime folds when it loads the file); the arithmetic stays float32. i8 has one scale for each output channel.
"""
import io, sys
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from network import Net


def stored(tensor, kind):
    """An initializer -> (what to store, nodes that restore it)"""
    w = numpy_helper.to_array(tensor)
    if kind == 'f32' or w.ndim < 3: return [tensor], []
    q, f, s = tensor.name + '_q', tensor.name + '_f', tensor.name + '_s'
    if kind == 'f16': return [numpy_helper.from_array(w.astype(np.float16), q)], [helper.make_node('Cast', [q], [tensor.name], to=TensorProto.FLOAT)]
    scale = np.abs(w).max(axis=(1, 2), keepdims=True) / 127 + 1e-12
    return ([numpy_helper.from_array(np.round(w / scale).astype(np.int8), q), numpy_helper.from_array(scale.astype(np.float32), s)],
            [helper.make_node('Cast', [q], [f], to=TensorProto.FLOAT), helper.make_node('Mul', [f, s], [tensor.name])])


def main():
    c = torch.load(sys.argv[1], map_location='cpu'); kind = sys.argv[3] if len(sys.argv) > 3 else 'i8'
    model = Net(len(c['units']) + 1, c['width'], c['blocks']); model.load_state_dict(c['model']); model.eval(); data = io.BytesIO()
    torch.onnx.export(model, torch.zeros(1, 40, 120), data, opset_version=13, input_names=['features'], output_names=['logprobs'],
                      dynamic_axes={'features': {0: 'batch', 2: 'frames'}, 'logprobs': {0: 'batch', 1: 'steps'}})
    m = onnx.load_from_string(data.getvalue()); g = m.graph; keep, restore = [], []
    for t in g.initializer: k, n = stored(t, kind); keep += k; restore += n
    nodes = list(g.node); del g.initializer[:]; g.initializer.extend(keep); del g.node[:]; g.node.extend(restore + nodes)
    for key, value in [('units', ' '.join(['_'] + c['units'])), ('steps', str(c['step']))]: p = m.metadata_props.add(); p.key, p.value = key, value
    onnx.checker.check_model(m); onnx.save(m, sys.argv[2]); print(sys.argv[2], kind, len(m.SerializeToString()), 'bytes, step', c['step'])


if __name__ == '__main__': main()
