#!/usr/bin/env python3
"""Trains a learnable calibration, p, or with [calibration-pp] in the configuration calibration++, Q1 and Q2, for each
target, shared by all layers; base and both LoRAs are frozen.

    calibration.py configs/calibration-pp.toml --from es --to en \\
        --primary summarize/adapter.gguf --secondary translate-en/adapter.gguf

The change of a weight is ½ ΔW1 + ½ ΔW2 + p 1ᵀ, or + Q2 Q1. Give the adapters as they are shipped: the file written,
`calibration.safetensors` or `calibration-pp.safetensors`, names them by their hashes.
"""

import torch
from learned import Learned, train


class Calibration(Learned):
    """p [d] by target. It starts at 0, that is at concat."""

    def __init__(self, model, primary, secondary, _):
        super().__init__(model, primary, secondary)
        sizes = {linear.target: linear.out_features for linear in self.linears}
        self.p = torch.nn.ParameterDict({name: torch.zeros(d) for name, d in sizes.items()})

    def change(self, linear, inputs):
        return inputs @ linear.merged_a.T @ linear.merged_b.T + inputs.sum(-1, keepdim=True) * self.p[linear.target]

    def named(self):
        return {f"{name}.p": p for name, p in self.p.items()}


class CalibrationPP(Learned):
    """Q1 [s, k] and Q2 [d, s] by target. Q2 starts at 0, that is at concat."""

    def __init__(self, model, primary, secondary, settings):
        super().__init__(model, primary, secondary)
        self.q1, self.q2 = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        for name, linear in {linear.target: linear for linear in self.linears}.items():
            self.q1[name] = torch.nn.Parameter(torch.randn(settings["s"], linear.in_features) / linear.in_features**0.5)
            self.q2[name] = torch.nn.Parameter(torch.zeros(linear.out_features, settings["s"]))

    def change(self, linear, inputs):
        learned = inputs @ self.q1[linear.target].T @ self.q2[linear.target].T
        return inputs @ linear.merged_a.T @ linear.merged_b.T + learned

    def named(self):
        return {f"{name}.Q1": q1 for name, q1 in self.q1.items()} | {f"{name}.Q2": q2 for name, q2 in self.q2.items()}


METHODS = {"calibration": Calibration, "calibration-pp": CalibrationPP}


if __name__ == "__main__":
    train(__doc__, METHODS)
