#!/usr/bin/env python3
"""What PEFT's add_weighted_adapter makes of two adapters, for crate/tests/merges.rs → crate/tests/goldens/merges.json.

    VENV/bin/pip install -r pkg-scripts/goldens/requirements.txt && VENV/bin/python pkg-scripts/goldens/merges.py

The adapters are made up by the rule of synth::random: tensors `one.A`, `one.B`, `two.A`, `two.B`, amplitude 0.5, for
one weight of d = 12 outputs and k = 10 inputs.
"""

import json
import pathlib

import torch
from logprobs import random
from peft import LoraConfig, get_peft_model

D, K = 12, 10
ALPHAS = {"one": 3.0, "two": 10.0}


def merged(kind, ranks):
    base = torch.nn.Sequential()
    base.add_module("q_proj", torch.nn.Linear(K, D, bias=False))
    model = None
    for name, rank in zip(ALPHAS, ranks):
        config = LoraConfig(r=rank, lora_alpha=ALPHAS[name], target_modules=["q_proj"])
        if model is None:
            model = get_peft_model(base, config, adapter_name=name)
        else:
            model.add_adapter(name, config)
        layer = model.base_model.model.q_proj
        layer.lora_A[name].weight.data = random(f"{name}.A", (rank, K), 0.5)
        layer.lora_B[name].weight.data = random(f"{name}.B", (D, rank), 0.5)
    model.add_weighted_adapter(list(ALPHAS), [0.5, 0.5], "both", combination_type=kind, density=0.5)
    delta = layer.get_delta_weight("both").double()
    return {"kind": kind, "ranks": ranks, "delta": [round(value, 7) for value in delta.flatten().tolist()]}


goldens = [merged("linear", [4, 4]), merged("cat", [4, 4]), merged("cat", [4, 6]), merged("ties", [4, 4])]
path = pathlib.Path(__file__).resolve().parent.parent.parent / "crate/tests/goldens/merges.json"
path.write_text("[\n" + ",\n".join(json.dumps(golden, separators=(",", ":")) for golden in goldens) + "\n]\n")
try:
    merged("linear", [4, 6])
except ValueError as error:
    print("PEFT refuses unequal ranks:", error)
