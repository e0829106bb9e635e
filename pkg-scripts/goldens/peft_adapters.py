#!/usr/bin/env python3
"""Adapters made by PEFT and PEFT's own forward with them, for crate/tests/adapters.rs → crate/tests/goldens/peft.

    python3 -m venv VENV && VENV/bin/pip install -r pkg-scripts/goldens/requirements.txt
    VENV/bin/python pkg-scripts/goldens/peft_adapters.py

For tiny-llama-f32 and tiny-gemma3-f32 of `gist synth` it writes two folders, as PEFT saves them: `one` of rank 2 on all
targets in F32, and `two` of rank 3 on some targets in BF16. Then `gist merge` merges both to a folder that PEFT loads.
peft.json has the ids of a prompt and the 50 most probable next tokens with their log-probabilities for each of the
three, in f32.
"""

import json
import pathlib
import subprocess
import tempfile

import torch
from logprobs import GOLDENS, ROOT, load, top, write
from peft import LoraConfig, PeftModel, get_peft_model

OUT = GOLDENS / "peft"
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "one": {"r": 2, "lora_alpha": 3, "target_modules": ALL},
    "two": {"r": 3, "lora_alpha": 12, "target_modules": ["q_proj", "v_proj", "o_proj", "down_proj"]},
}


def gist(*arguments):
    subprocess.run(["cargo", "run", "--quiet", "--release", "--", *map(str, arguments)], check=True, cwd=ROOT)


def save(path, name, settings):
    """A random adapter, saved by PEFT to a folder; what PEFT writes but does not need is removed."""
    torch.manual_seed(len(path.stem) + settings["r"])
    config = LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **settings)
    model = get_peft_model(load(path), config)
    for key, parameter in model.named_parameters():
        if "lora_" in key:
            # Large enough to change the most probable token, small enough to leave it in doubt.
            parameter.data.normal_(0.0, 0.08)
            if name == "two":
                parameter.data = parameter.data.to(torch.bfloat16)
    model.peft_config["default"].base_model_name_or_path = path.stem
    folder = OUT / f"{path.stem}-{name}"
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # PEFT keeps the targets as a set, whose order is another one in every run.
    file = folder / "adapter_config.json"
    written = json.loads(file.read_text())
    written["target_modules"].sort()
    file.write_text(json.dumps(written, indent=2, sort_keys=True))
    return folder


def forward(path, folder, tokens):
    model = PeftModel.from_pretrained(load(path), folder).eval().float()
    return top(model, tokens)


goldens = []
with tempfile.TemporaryDirectory() as temporary:
    for base in ["tiny-llama-f32", "tiny-gemma3-f32"]:
        path = pathlib.Path(temporary) / f"{base}.gguf"
        gist("synth", base, "--out", path)
        folders = {name: save(path, name, settings) for name, settings in ADAPTERS.items()}
        folders["merged"] = pathlib.Path(temporary) / "merged"
        adapters = ["--primary", folders["one"], "--secondary", folders["two"]]
        gist("merge", "--method", "concat", "--to", "es", "--model", path, *adapters, "--out", folders["merged"])
        tokens = [(i * 7919 + 13) % 260 for i in range(40)]
        plain = top(load(path), tokens)
        for name, folder in folders.items():
            goldens.append({"model": base, "adapter": name, "tokens": tokens, "top": forward(path, folder, tokens)})
            print(base, name, goldens[-1]["top"][:2], "without", plain[:2], flush=True)
write(OUT / "peft.json", goldens)
