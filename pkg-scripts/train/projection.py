#!/usr/bin/env python3
"""Trains a projection merge: P1 and P2 for each shape of weight, shared by all layers; base and both LoRAs are frozen.

    projection.py configs/projection-es.toml --primary summarize/adapter.gguf --secondary translate-es/adapter.gguf

The change of a weight is P2 P1 (½ ΔW1 + ½ ΔW2), which is the pair A' = P1 (½ ΔW1 + ½ ΔW2), B' = P2. Give the adapters as
they are shipped: the file written, `projection.safetensors`, names them by their hashes.
"""

import json

import torch
from factors import Adapter
from loop import TargetLoss
from run import Run, arguments
from safetensors.torch import load_file, save_file


class Projection(torch.nn.Module):
    """P1 [s, d] and P2 [d, s] by shape, put beside the base's weights by hooks."""

    def __init__(self, model, primary, secondary, s, start):
        super().__init__()
        if primary.factors.keys() != secondary.factors.keys():
            raise SystemExit(f"{primary.path} and {secondary.path} change different weights; a projection needs the same")
        self.p1, self.p2 = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        groups = {}
        for (layer, module), (b1, a1) in primary.factors.items():
            b2, a2 = secondary.factors[layer, module]
            linear = model.model.layers[layer].get_submodule(module)
            shape = f"{linear.in_features}x{linear.out_features}"
            # ½ ΔW1 + ½ ΔW2 = B A
            linear.register_buffer("merged_b", 0.5 * torch.cat([b1, b2], 1), persistent=False)
            linear.register_buffer("merged_a", torch.cat([a1, a2], 0), persistent=False)
            linear.register_forward_hook(self.hook(shape))
            groups.setdefault(shape, []).append(linear)
        for shape, linears in groups.items():
            d = linears[0].out_features
            if start in START:
                # P2 = 0, so that training starts at the base.
                p1, p2 = START[start](linears, s, d), torch.zeros(d, s)
            else:
                p1, p2 = (load_file(start)[f"{shape}.{part}"].float() for part in ("P1", "P2"))
            self.p1[shape], self.p2[shape] = torch.nn.Parameter(p1), torch.nn.Parameter(p2)

    def hook(self, shape):
        def add(linear, inputs, output):
            a = (self.p1[shape] @ linear.merged_b) @ linear.merged_a
            return output + inputs[0] @ a.T @ self.p2[shape].T

        return add


def start_random(_, s, d):
    return torch.randn(s, d) / d**0.5


def start_principal(linears, s, d):
    """The s directions of the output in which the merged adapters of all layers change it most, as long as random ones."""
    change = torch.zeros(d, d)
    for linear in linears:
        merged = linear.merged_b @ linear.merged_a
        change += merged @ merged.T
    return torch.linalg.eigh(change).eigenvectors[:, -s:].T.contiguous()


START = {"random": start_random, "principal": start_principal}


def main():
    parser = arguments(__doc__)
    parser.add_argument("--primary", required=True, help="summarization LoRA: GGUF file or PEFT folder")
    parser.add_argument("--secondary", required=True, help="translation LoRA: GGUF file or PEFT folder")
    parser.add_argument("--start", help="projection.safetensors to start from [default: as the configuration says]")
    given = parser.parse_args()
    run = Run(given)
    model = run.base.model()
    adapters = [Adapter(given.primary), Adapter(given.secondary)]
    settings = run.config["projection"]
    projection = Projection(model, *adapters, settings["s"], given.start or settings["start"])
    print(f"{sum(parameter.numel() for parameter in projection.parameters())} parameters", flush=True)
    metadata = {
        "method": "projection",
        "s": str(settings["s"]),
        "from": run.source,
        "to": run.to,
        "adapters": json.dumps([
            {"name": f"{run.base.id}/{adapter.path.resolve().parent.name}", "sha256": adapter.sha256} for adapter in adapters
        ]),
        "base_tensors_sha256": run.base.facts()["tensors_sha256"],
    }  # fmt: skip

    def save(folder):
        tensors = {f"{shape}.P1": p1.detach().cpu() for shape, p1 in projection.p1.items()}
        tensors |= {f"{shape}.P2": p2.detach().cpu() for shape, p2 in projection.p2.items()}
        save_file(tensors, folder / "projection.safetensors", metadata)

    run.train(TargetLoss(model.model, model.lm_head, projection), save)


if __name__ == "__main__":
    main()
