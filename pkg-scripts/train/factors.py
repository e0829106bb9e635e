"""Adapters as pairs of factors, read from the files that are shipped: GGUF LoRAs and PEFT folders."""

import hashlib
import json
import pathlib

import gguf
import numpy as np
import torch
from base import MODULES
from safetensors.torch import load_file

PEFT_KEY = "base_model.model.model.layers."


class Adapter:
    """`factors[layer, module]` is (B times its scale, A), in Hugging Face's layout."""

    def __init__(self, path):
        path = pathlib.Path(path)
        self.path = path
        self.factors = read_peft(path) if path.is_dir() else read_gguf(path)
        # The engine names a PEFT adapter by the hash of its tensors' file.
        file = path / "adapter_model.safetensors" if path.is_dir() else path
        self.sha256 = hashlib.sha256(file.read_bytes()).hexdigest()


def read_peft(folder):
    config = json.loads((folder / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / config["r"]
    tensors = {key: tensor.float() for key, tensor in load_file(folder / "adapter_model.safetensors").items()}
    factors = {}
    for key, a in tensors.items():
        if key.endswith(".lora_A.weight"):
            layer, module = key.removeprefix(PEFT_KEY).removesuffix(".lora_A.weight").split(".", 1)
            factors[int(layer), module] = (tensors[key.replace("lora_A", "lora_B")] * scale, a)
    return factors


def read_gguf(path):
    reader = gguf.GGUFReader(path)
    if reader.get_field("general.architecture").contents() == "llama":
        raise SystemExit(f"{path} is in the row order of llama GGUF files; give the PEFT folder it was made from")
    tensors = {
        tensor.name: torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
        for tensor in reader.tensors
    }
    alpha = reader.get_field("adapter.lora.alpha").contents()
    factors = {}
    for key, a in tensors.items():
        if key.endswith(".lora_a"):
            _, layer, part, *_ = key.split(".")
            factors[int(layer), MODULES[part]] = (tensors[key.removesuffix("a") + "b"] * (alpha / a.shape[0]), a)
    return factors
