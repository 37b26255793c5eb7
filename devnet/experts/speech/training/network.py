"""The acoustic network: log-mel features -> phone log-probabilities (CTC)."""
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, channels, kernel, dilation):
        super().__init__()
        self.c = nn.Conv1d(channels, channels, kernel, padding=kernel // 2 * dilation, dilation=dilation, bias=False); self.b = nn.BatchNorm1d(channels)

    def forward(self, x): return x + F.dropout(F.relu(self.b(self.c(x))), .1, self.training)


class Net(nn.Module):
    """(batch, 40, frames) -> (batch, frames / 3, units) log-probabilities; sees about 0.8 s each way."""
    def __init__(self, units, width=192, blocks=9):
        super().__init__()
        self.front = nn.Conv1d(40, width, 11, stride=3, padding=5, bias=False); self.fb = nn.BatchNorm1d(width)
        self.blocks = nn.Sequential(*[Block(width, 5, 1 if i < blocks - 4 else 2) for i in range(blocks)]); self.head = nn.Conv1d(width, units, 1)

    def scores(self, x): return self.head(self.blocks(F.relu(self.fb(self.front(x))))).transpose(1, 2)
    def forward(self, x): return F.log_softmax(self.scores(x).float(), -1)
