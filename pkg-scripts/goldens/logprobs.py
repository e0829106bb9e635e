#!/usr/bin/env python3
"""Log-probabilities by transformers, on the dequantised GGUF files, for crate/tests/logprobs.rs.

    python3 -m venv VENV && VENV/bin/pip install -r pkg-scripts/goldens/requirements.txt
    VENV/bin/python pkg-scripts/goldens/logprobs.py                  real models → crate/tests/goldens/logprobs.json
    VENV/bin/python pkg-scripts/goldens/logprobs.py --tiny FOLDER    tiny-*.gguf of `gist synth` → …/tiny.json

Each golden has the ids of a prompt and the 50 most probable next tokens with their log-probabilities, in f32.

Adapters of Gemma are those in models/adapters. Those of SmolLM2 are made up, by the same rule as synth::random: number
i of the tensor called N is u = the top 24 bits of splitmix64(FNV-1a(N) + i) / 2^24, and the value (u - 0.5) * 2 *
amplitude. See SMOLLM2 below for names and amplitudes; rank 4, alpha 8, projection width 4. The calibrations of both
models are made up in the same way, see CALIBRATION.
"""

import argparse
import json
import os
import pathlib

import gguf
import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDENS = ROOT / "crate/tests/goldens"
ADAPTERS = ROOT / "models/adapters/gemma-3-270m"
FOLDER = pathlib.Path(os.environ.get("POCKET_GIST_MODELS", pathlib.Path.home() / ".cache/pocket-gist"))
CALIBRATION = {"p": 0.001, "q1": 0.05, "q2": 0.02, "s": 4}
SMOLLM2 = {"a": 0.05, "b": 0.02, "p1": 0.1, "p2": 0.5, "rank": 4, "alpha": 8, "s": 4}
MODULES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


def random(name, shape, amplitude):
    """The numbers of synth::random."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        x = np.uint64(start) + np.arange(np.prod(shape), dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    u = (x >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
    return torch.from_numpy((u - np.float32(0.5)) * np.float32(2) * np.float32(amplitude)).reshape(shape)


def load(path):
    """The model as transformers dequantises it, its settings checked against the GGUF's own."""
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    reader = gguf.GGUFReader(path)
    field = lambda key: (f := reader.get_field(key)) and f.contents()
    arch, config = field("general.architecture"), model.config
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert config.num_hidden_layers == field(f"{arch}.block_count")
    assert abs(config.rms_norm_eps - field(f"{arch}.attention.layer_norm_rms_epsilon")) < 1e-9
    head_dim = model.model.layers[0].self_attn.head_dim
    assert head_dim == (field(f"{arch}.attention.key_length") or config.hidden_size // config.num_attention_heads)
    for layer in model.model.layers:
        # transformers keeps the real Gemma's 256 for every size, GGUF files mean the size of their heads.
        assert arch == "gemma3" or abs(layer.self_attn.scaling - head_dim**-0.5) < 1e-9
        layer.self_attn.scaling = head_dim**-0.5
    base = field(f"{arch}.rope.freq_base")
    rotary = model.model.rotary_emb
    frequencies = lambda base: 1.0 / base ** (torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    if arch == "gemma3":
        # Which layers slide, and on which rotary base, is a rule of the architecture that GGUF files do not repeat.
        window = field("gemma3.attention.sliding_window")
        config.sliding_window = window
        config.layer_types = [
            "full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(config.num_hidden_layers)
        ]
        for layer, kind in zip(model.model.layers, config.layer_types):
            for part in (layer, layer.self_attn):
                part.layer_type = part.attention_type = kind
            layer.self_attn.is_sliding = kind == "sliding_attention"
            layer.self_attn.sliding_window = window if kind == "sliding_attention" else None
        rotary.full_attention_inv_freq = frequencies(base)
        rotary.sliding_attention_inv_freq = frequencies(1e4)
        rotary.full_attention_attention_scaling = rotary.sliding_attention_attention_scaling = 1.0
        # The file's norm weights contain the 1 that transformers adds again, unless its loader has taken it off.
        for name, parameter in model.named_parameters():
            if name == "model.norm.weight":
                stored = torch.from_numpy(np.array(tensors["output_norm.weight"].data))
                assert torch.allclose(parameter + 1, stored, atol=1e-5), "norm weights are off by one"
    else:
        rotary.inv_freq = frequencies(base)
        if "rope_freqs.weight" in tensors:
            # transformers leaves these factors of GGUF files out.
            rotary.inv_freq = rotary.inv_freq / torch.from_numpy(np.array(tensors["rope_freqs.weight"].data))
    tied = "output.weight" not in tensors
    assert tied == (model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()), "tied head"
    return model


def top(model, tokens):
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0, -1]
    values, ids = torch.log_softmax(logits.double(), -1).topk(50)
    return [[int(i), round(float(v), 5)] for i, v in zip(ids, values)]


def gemma_adapter(name):
    """ΔW's factors (scale·B, A) by layer and module, from a shipped GGUF LoRA."""
    reader = gguf.GGUFReader(ADAPTERS / name / "adapter.gguf")
    values = {
        tensor.name: torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
        for tensor in reader.tensors
    }
    alpha = reader.get_field("adapter.lora.alpha").contents()
    factors = {}
    for key, a in values.items():
        if key.endswith(".lora_a"):
            _, layer, part, *_ = key.split(".")
            b = values[key.removesuffix("a") + "b"]
            factors[int(layer), MODULES[part]] = (b * (alpha / a.shape[0]), a)
    return factors


def smollm2_adapter(name, model):
    factors = {}
    for i, layer in enumerate(model.model.layers):
        for module in MODULES.values():
            d, k = layer.get_submodule(module).weight.shape
            tensor, rank = f"{name}:layers.{i}.{module.split('.')[1]}", SMOLLM2["rank"]
            a = random(f"{tensor}.lora_A", (rank, k), SMOLLM2["a"])
            b = random(f"{tensor}.lora_B", (d, rank), SMOLLM2["b"])
            factors[i, module] = (b * (SMOLLM2["alpha"] / rank), a)
    return factors


def changes(one, two, projection):
    """ΔW by layer and module: of the first adapter alone, and of both merged and corrected in each way."""
    cases = {"adapter": {}, "projection": {}, "calibration": {}, "calibration-pp": {}}
    for key, (b, a) in one.items():
        first = b @ a
        both = 0.5 * first + 0.5 * (two[key][0] @ two[key][1])
        d, k = both.shape
        p1, p2 = projection(k, d)
        target, s = key[1].split(".")[1], CALIBRATION["s"]
        bias = random(f"calibration:{target}.p", (d,), CALIBRATION["p"])
        q1 = random(f"calibration-pp:{target}.Q1", (s, k), CALIBRATION["q1"])
        q2 = random(f"calibration-pp:{target}.Q2", (d, s), CALIBRATION["q2"])
        cases["adapter"][key] = first
        cases["projection"][key] = p2 @ (p1 @ both)
        cases["calibration"][key] = both + bias[:, None]
        cases["calibration-pp"][key] = both + q2 @ q1
    return cases


def apply(model, change, sign):
    for (layer, module), delta in change.items():
        model.model.layers[layer].get_submodule(module).weight.data += sign * delta


def real_models():
    prompts = json.loads((GOLDENS / "prompts.json").read_text())
    goldens = []
    for name, file in [
        ("gemma-3-270m", "gemma-3-270m-q4_k_m.gguf"),
        ("smollm2-135m", "smollm2-135m-instruct-q4_1.gguf"),
    ]:
        model = load(FOLDER / file)
        if name == "gemma-3-270m":
            one, two = gemma_adapter("summarize"), gemma_adapter("translate-es")
            stored = load_file(ADAPTERS / "summarize+translate-es/projection.safetensors")
            projection = lambda k, d: [torch.from_numpy(stored[f"{k}x{d}.{part}"]) for part in ("P1", "P2")]
        else:
            one, two = smollm2_adapter("summarize", model), smollm2_adapter("translate", model)
            projection = lambda k, d: (
                random(f"projection:{k}x{d}.P1", (SMOLLM2["s"], d), SMOLLM2["p1"]),
                random(f"projection:{k}x{d}.P2", (d, SMOLLM2["s"]), SMOLLM2["p2"]),
            )
        base = {key: value.clone() for key, value in model.state_dict().items()}
        plain = {}
        for case, change in ({"none": {}} | changes(one, two, projection)).items():
            apply(model, change, 1)
            for number, tokens in enumerate(prompts[name]):
                best = top(model, tokens)
                goldens.append({"model": name, "case": case, "tokens": tokens, "top": best})
                plain.setdefault(number, dict(map(tuple, best)))
                common = [abs(v - plain[number][i]) for i, v in best if i in plain[number]]
                print(name, case, len(tokens), "largest change", max(common, default=None), flush=True)
            model.load_state_dict(base)
    write(GOLDENS / "logprobs.json", goldens)


def tiny_models(folder):
    goldens = []
    for path in sorted(folder.glob("tiny-*.gguf")):
        model = load(path)
        tokens = [(i * 7919 + 13) % model.config.vocab_size for i in range(70)]
        goldens.append({"model": path.stem, "tokens": tokens, "top": top(model, tokens)})
        print(path.stem, goldens[-1]["top"][:3], flush=True)
    write(GOLDENS / "tiny.json", goldens)


def write(path, goldens):
    lines = [json.dumps(golden, separators=(",", ":")) for golden in goldens]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", type=pathlib.Path, help="folder of tiny-*.gguf")
    arguments = parser.parse_args()
    tiny_models(arguments.tiny) if arguments.tiny else real_models()
