"""The base model exactly as it is deployed: the GGUF file, dequantised by transformers."""

import hashlib
import json
import os
import pathlib
import sys

import gguf
from transformers import AutoTokenizer, PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "pkg-scripts/goldens"))
import logprobs  # noqa: E402

# Names of the linear layers in Hugging Face models, by their names in GGUF files.
MODULES = logprobs.MODULES
MODELS = pathlib.Path(os.environ.get("POCKET_GIST_MODELS", pathlib.Path.home() / ".cache/pocket-gist"))
DATA = ROOT / "models"
# What a base without a template is asked with, as in the engine.
PLAIN = "{instruction}\n\n{text}\n\n"
END_OF_TURN = "<end_of_turn>"
VOCABULARY = ("token_embd.weight", "output.weight")


def tensors_sha256(reader):
    """The hash by which learned files name their base; models/README.md says how it is made."""
    lines = []
    for tensor in reader.tensors:
        if tensor.name not in VOCABULARY:
            shape = "x".join(str(size) for size in reversed(tensor.shape.tolist()))
            digest = hashlib.sha256(tensor.data.tobytes()).hexdigest()
            lines.append(f"{tensor.name} {tensor.tensor_type.name} {shape} {digest}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


class Base:
    """A GGUF file, named by a catalog id or a path, which may be relative to the models, with its prompt template."""

    def __init__(self, name):
        catalog = json.loads((DATA / "catalog.json").read_text())
        entries = {entry["id"]: entry for entry in catalog["models"]}
        entry = entries.get(name) or next((e for e in entries.values() if e["file"] == pathlib.Path(name).name), None)
        self.path = MODELS / (entry["file"] if name in entries else name)
        if not self.path.exists():
            sys.exit(f"{self.path} is not there; run pkg-scripts/models {name}, or give another --base")
        self.id = entry["id"] if entry else self.path.stem
        # Where adapters say what they are for. The dequantised file itself has no name there.
        self.name = {"gemma-3-270m": "google/gemma-3-270m"}.get(self.id, self.id)
        facts = self.facts()
        self.template = entry["template"]["prompt"] if entry and "template" in entry else PLAIN
        if facts["chat_template"] and not (entry and "template" in entry):
            sys.exit(f"{self.path} has a chat template of its own; add a plain one for it to models/catalog.json")
        self.begin = [facts["bos"]] if facts["add_bos"] else []
        self.template = (" " if facts["add_space"] else "") + self.template
        # What ends a turn where the template has turns, and a text where it has not.
        self.end = END_OF_TURN if END_OF_TURN in self.template else facts["eos"]

    def facts(self):
        """What prompts need of the file's metadata, and its hash; kept, since reading a large vocabulary takes long."""
        stat = self.path.stat()
        kept = MODELS / "train/bases" / f"{self.path.stem}-{stat.st_size}-{stat.st_mtime_ns}.json"
        if not kept.exists():
            reader = gguf.GGUFReader(self.path)
            fields = {name.removeprefix("tokenizer."): field for name, field in reader.fields.items()}
            field = lambda key, default=None: fields[key].contents() if key in fields else default
            # What files leave out is as SentencePiece has it, for the kind of tokenizer that GGUF calls llama.
            pieces = field("ggml.model") == "llama"
            facts = {
                "bos": field("ggml.bos_token_id"),
                "add_bos": field("ggml.add_bos_token", pieces or field("ggml.pre") == "llama-bpe"),
                "add_space": pieces and field("ggml.add_space_prefix", True),
                "eos": field("ggml.tokens")[field("ggml.eos_token_id")],
                "chat_template": bool(field("chat_template")),
                "tensors_sha256": tensors_sha256(reader),
            }
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(facts))
        return json.loads(kept.read_text())

    def model(self):
        """In f32, frozen."""
        model = logprobs.load(self.path)
        model.set_attn_implementation("sdpa")
        return model.requires_grad_(False)

    def tokenizer(self):
        """Kept beside the models: making it from a GGUF file takes a minute."""
        cached = MODELS / "train/tokenizers" / f"{self.path.stem}-{self.path.stat().st_size}" / "tokenizer.json"
        if not cached.exists():
            made = AutoTokenizer.from_pretrained(self.path.parent, gguf_file=self.path.name)
            cached.parent.mkdir(parents=True, exist_ok=True)
            made.backend_tokenizer.save(str(cached))
        return PreTrainedTokenizerFast(tokenizer_file=str(cached))
