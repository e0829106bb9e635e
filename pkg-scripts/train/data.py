"""What is trained on: prompts as the engine makes them, and the tokens that should follow."""

import gzip
import json
import pathlib
import random
from dataclasses import dataclass

import torch
from base import DATA

LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German"}
# Sentence pairs at the end of the file, which are never trained on: bench.py scores translations of them.
HELD_OUT = 1500


@dataclass
class Example:
    prompt: list[int]
    target: list[int]

    def __len__(self):
        return len(self.prompt) + len(self.target)


def instruction(task, source, to):
    """The words of crate/src/prompt.rs."""
    languages = f"from {LANGUAGES[source]} to {LANGUAGES[to]}"
    return {
        "summarize": "Summarize the following text.",
        "translate": f"Translate the following text {languages}.",
        "summarize-translate": f"Summarize the following text and translate it {languages}.",
    }[task]


def read_dialogues(path):
    """(chat as `Name: text` lines, summaries by language) of each line of a file."""
    for line in pathlib.Path(path).read_text().splitlines():
        dialogue = json.loads(line)
        yield "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in dialogue["turns"]), dialogue["summary"]


def read_sentences(path):
    """Pairs of an English sentence and its translation, from a file of English TAB translation."""
    with gzip.open(path, "rt") if str(path).endswith(".gz") else open(path) as file:
        return [tuple(line.rstrip("\n").split("\t")[:2]) for line in file]


def join_sentences(pairs, chooser, longest=4):
    """Endless texts of 1 to `longest` sentences: summaries have several, a file of sentence pairs has one."""
    while True:
        chooser.shuffle(pairs)
        rest = iter(pairs)
        while chunk := [pair for _, pair in zip(range(chooser.randint(1, longest)), rest)]:
            yield tuple(" ".join(side) for side in zip(*chunk))


def texts(task, source, to, dialogues, split, sentences=0, sentence_file=None, seed=0):
    """(text, what should be made of it) for a task. Translation has the summaries of the dialogues and `sentences` texts
    of joined sentences."""
    path = dialogues / f"{split}.jsonl"
    if task != "translate":
        return [(chat, summary[to]) for chat, summary in read_dialogues(path)]
    made = [(summary[source], summary[to]) for _, summary in read_dialogues(path)]
    if sentences and split == "train":
        if sentence_file is None:
            raise SystemExit("this configuration translates sentences; give a file of English TAB translation: --sentences")
        joined = join_sentences(read_sentences(sentence_file)[:-HELD_OUT], random.Random(seed))
        made += [pair for _, pair in zip(range(sentences), joined)]
    return made


def encode(pairs, words, base, tokenizer, longest):
    """Examples of at most `longest` tokens; longer ones are left out, and how many is said."""
    before, after = base.template.replace("{instruction}", words).split("{text}")
    ids = lambda text: tokenizer(text, add_special_tokens=False).input_ids
    examples = [Example(base.begin + ids(before + text + after), ids(answer + base.end)) for text, answer in pairs]
    kept = [example for example in examples if len(example) <= longest]
    if len(kept) < len(examples):
        print(f"{len(examples) - len(kept)} of {len(examples)} examples are longer than {longest} tokens and left out")
    return kept


def batches(examples, size, seed):
    """One epoch in random order, texts of similar length together so that little is padded."""
    order = list(examples)
    chooser = random.Random(seed)
    chooser.shuffle(order)
    made = []
    for start in range(0, len(order), 32 * size):
        group = sorted(order[start : start + 32 * size], key=len)
        made += [group[at : at + size] for at in range(0, len(group), size)]
    chooser.shuffle(made)
    return made


def tensors(batch):
    """ids, which of them are real, and which are targets; padded at the right."""
    width = max(map(len, batch))
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    real, targets = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, example in enumerate(batch):
        ids[row, : len(example)] = torch.tensor(example.prompt + example.target)
        real[row, : len(example)] = 1
        targets[row, len(example.prompt) : len(example)] = True
    return ids, real, targets


DIALOGUES = DATA / "dialogues"
