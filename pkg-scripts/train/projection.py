#!/usr/bin/env python3
"""Trains a projection merge: P1 and P2 for each shape of weight, shared by all layers; base and both LoRAs are frozen.

    projection.py configs/projection.toml --from es --to en \\
        --primary summarize/adapter.gguf --secondary translate-en/adapter.gguf

The change of a weight is P2 P1 (½ ΔW1 + ½ ΔW2), which is the pair A' = P1 (½ ΔW1 + ½ ΔW2), B' = P2. Give the adapters
as they are shipped: the file written, `projection.safetensors`, names them by their hashes.
"""

import torch
from learned import Learned, shape, train


class Projection(Learned):
    """P1 [s, d] and P2 [d, s] by shape."""

    def __init__(self, model, primary, secondary, settings):
        super().__init__(model, primary, secondary)
        self.p1, self.p2 = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        groups = {}
        for linear in self.linears:
            groups.setdefault(shape(linear), []).append(linear)
        for name, linears in groups.items():
            s, d = settings["s"], linears[0].out_features
            # P2 = 0, so that training starts at the base.
            self.p1[name] = torch.nn.Parameter(START[settings["start"]](linears, s, d))
            self.p2[name] = torch.nn.Parameter(torch.zeros(d, s))

    def change(self, linear, inputs):
        p1, p2 = self.p1[shape(linear)], self.p2[shape(linear)]
        return inputs @ ((p1 @ linear.merged_b) @ linear.merged_a).T @ p2.T

    def named(self):
        return {f"{name}.P1": p1 for name, p1 in self.p1.items()} | {f"{name}.P2": p2 for name, p2 in self.p2.items()}


def start_random(_, s, d):
    return torch.randn(s, d) / d**0.5


def start_principal(linears, s, d):
    """The s directions of the output in which the merged adapters of all layers change it most, as long as random
    ones."""
    change = torch.zeros(d, d)
    for linear in linears:
        merged = linear.merged_b @ linear.merged_a
        change += merged @ merged.T
    return torch.linalg.eigh(change).eigenvectors[:, -s:].T.contiguous()


START = {"random": start_random, "principal": start_principal}


if __name__ == "__main__":
    train(__doc__, {"projection": Projection})
