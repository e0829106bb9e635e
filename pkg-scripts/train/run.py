"""What every run has: its configuration, its data, where it runs and where it writes."""

import argparse
import pathlib
import tomllib

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from base import MODELS, Base
from data import DIALOGUES, encode, instruction, texts
from loop import Loop


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configuration", type=pathlib.Path, help="TOML file, as in configs/")
    parser.add_argument("--out", type=pathlib.Path, help="folder [default: train/NAME beside the models]")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="of the processor [default: one per core]")
    parser.add_argument("--dialogues", type=pathlib.Path, default=DIALOGUES, help="folder of train.jsonl and val.jsonl")
    parser.add_argument("--sentences", type=pathlib.Path, help="English TAB translation, .tsv or .tsv.gz, for translation")
    parser.add_argument("--minutes", type=float, help="end sooner, the learning rate falling to 0 by then")
    return parser


class Run:
    """A run's parts, made from the command line."""

    def __init__(self, given):
        self.config = tomllib.loads(given.configuration.read_text())
        if given.minutes:
            self.config["optimizer"]["minutes"] = given.minutes
        if given.threads:
            torch.set_num_threads(given.threads)
        self.out = given.out or MODELS / "train" / given.configuration.stem
        # f32 on processors: those without bf16 arithmetic are slower with it. GPUs multiply in bf16, weights stay f32.
        self.accelerator = Accelerator(
            cpu=given.device == "cpu", mixed_precision="bf16" if given.device == "cuda" else "no"
        )
        self.seed = self.config.get("seed", 0)
        set_seed(self.seed)
        self.base = Base(self.config["base"])
        self.task, self.source, self.to = (self.config[key] for key in ("task", "from", "to"))
        tokenizer, data = self.base.tokenizer(), self.config["data"]
        words = instruction(self.task, self.source, self.to)

        def examples(split):
            pairs = texts(
                self.task, self.source, self.to, given.dialogues, split,
                data.get("sentences", 0), given.sentences, self.seed,
            )  # fmt: skip
            return encode(pairs, words, self.base, tokenizer, data["longest"])

        self.examples = examples("train")[: data.get("limit")]
        self.validation = examples("val")[: data["validation"]]
        print(f"{given.configuration.stem}: {len(self.examples)} examples on {self.accelerator.device}", flush=True)

    def train(self, module, save):
        Loop(module, self.config["optimizer"], self.out, self.accelerator, save, self.seed).run(
            self.examples, self.validation
        )
