"""What every run has: its configuration, its data, where it runs and where it writes."""

import argparse
import pathlib
import random
import tomllib

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from base import MODELS, Base
from data import DIALOGUES, encode, instruction, joined_sentences, read_dialogues, texts
from loop import Loop


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configuration", type=pathlib.Path, help="TOML file, as in configs/")
    parser.add_argument("--base", default="gemma-3-270m", help="catalog id or path [default: %(default)s]")
    parser.add_argument(
        "--from", dest="sources", nargs="+", metavar="LANGUAGE", help="of chats [default: all of the configuration's]"
    )
    parser.add_argument(
        "--to", metavar="LANGUAGE", help="of answers, other than the chats' [default: that of each chat]"
    )
    parser.add_argument("--out", type=pathlib.Path, help="folder [default: train/BASE/NAME beside the models]")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--precision",
        choices=["f32", "bf16"],
        help="of multiplications; what is trained stays f32 [default: bf16 where the device computes in it]",
    )
    parser.add_argument("--threads", type=int, help="of the processor [default: one per core]")
    parser.add_argument(
        "--dialogues",
        type=pathlib.Path,
        default=DIALOGUES,
        help="folder of train*.jsonl, val*.jsonl and by-person.jsonl",
    )
    parser.add_argument(
        "--sentences",
        type=pathlib.Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="English TAB translation, named …en-es.tsv or .tsv.gz and so on, for translation",
    )
    parser.add_argument("--minutes", type=float, help="end sooner, the learning rate falling to 0 by then")
    return parser


def precision(given):
    """bf16 on GPUs and on processors that multiply in it; others are slower with it than with f32."""
    native = given.device == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return given.precision or ("bf16" if native else "f32")


class Run:
    """A run's parts, made from the command line."""

    def __init__(self, given):
        self.config = tomllib.loads(given.configuration.read_text())
        if given.minutes:
            self.config["optimizer"]["minutes"] = given.minutes
        if given.threads:
            torch.set_num_threads(given.threads)
        self.precision = precision(given)
        self.accelerator = Accelerator(
            cpu=given.device == "cpu", mixed_precision="bf16" if self.precision == "bf16" else "no"
        )
        self.seed = self.config.get("seed", 0)
        set_seed(self.seed)
        self.base = Base(given.base)
        self.tasks, self.to = self.config["tasks"], given.to
        self.sources = [language for language in given.sources or self.config["from"] if language != self.to]
        name = "-".join([given.configuration.stem, *(given.sources or []), *filter(None, [self.to])])
        self.out = given.out or MODELS / "train" / self.base.id / name
        self.tokenizer, data = self.base.tokenizer(), self.config["data"]
        self.examples = self.read("train", given)[: data.get("limit")]
        validation = self.read("val", given)
        # The first ones would be of one language and one task.
        random.Random(self.seed).shuffle(validation)
        self.validation = validation[: data["validation"]]
        where = f"{self.accelerator.device} in {self.precision}"
        if not self.examples:
            raise SystemExit(f"{given.dialogues} has nothing to train {self.out.name} on")
        print(f"{self.out.name}: {len(self.examples)} examples on {where}", flush=True)

    def read(self, split, given):
        """The examples of a split, task by task and language by language."""
        dialogues, data, examples = list(read_dialogues(given.dialogues, split)), self.config["data"], []
        for task in self.tasks:
            for source in self.sources:
                to, sentences = self.to or source, []
                if split == "train" and task == "translate" and data.get("sentences"):
                    sentences = joined_sentences(given.sentences, source, to, data["sentences"], self.seed)
                pairs = texts(task, source, to, dialogues, sentences)
                examples += encode(pairs, instruction(task, source, to), self.base, self.tokenizer, data["longest"])
        return examples

    def train(self, module, save):
        if self.precision == "bf16":
            round_frozen(module)
        Loop(module, self.config["optimizer"], self.out, self.accelerator, save, self.seed).run(
            self.examples, self.validation
        )


def round_frozen(module):
    """Keeps the frozen weights that multiply in bf16, so that they are rounded once and not in every step. Embeddings
    stay in f32, and with them what layers add up, also where they are tied to the head."""
    for linear in module.modules():
        if isinstance(linear, torch.nn.Linear) and not linear.weight.requires_grad:
            linear.weight = torch.nn.Parameter(linear.weight.bfloat16(), requires_grad=False)
