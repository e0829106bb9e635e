"""What is trained on: prompts as the engine makes them, and the tokens that should follow."""

import gzip
import itertools
import json
import pathlib
import random
import re
from dataclasses import dataclass, field

import torch
from base import DATA

DIALOGUES = DATA / "dialogues"
LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German"}
# Sentence pairs at the end of each file, which are never trained on: quality.py scores translations of them.
HELD_OUT = 1500


@dataclass
class Example:
    prompt: list[int]
    target: list[int]

    def __len__(self):
        return len(self.prompt) + len(self.target)


@dataclass
class Dialogue:
    """A chat as `Name: text` lines, and by language its summary and, if known, `Name: what they say or do` lines."""

    language: str
    chat: str
    summary: dict[str, str]
    people: dict[str, str] = field(default_factory=dict)


def instruction(task, source, to):
    """The words of crate/src/prompt.rs."""
    languages = f"from {LANGUAGES[source]} to {LANGUAGES[to]}"
    return {
        "summarize": "Summarize the following text.",
        "by-person": "Say what each person says or does.",
        "translate": f"Translate the following text {languages}.",
        "summarize-translate": f"Summarize the following text and translate it {languages}.",
        "by-person-translate": f"Say what each person says or does and translate it {languages}.",
    }[task]


def read_lines(path):
    return map(json.loads, pathlib.Path(path).read_text().splitlines())


def read_dialogues(folder, split):
    """The dialogues of a split: those of SPLIT.jsonl and of every SPLIT-*.jsonl, with what by-person.jsonl knows of
    them."""
    people = {}
    if (folder / "by-person.jsonl").exists():
        people = {row["id"]: row["by_person"] for row in read_lines(folder / "by-person.jsonl")}
    for path in [folder / f"{split}.jsonl", *sorted(folder.glob(f"{split}-*.jsonl"))]:
        for row in read_lines(path):
            yield Dialogue(
                row.get("lang", "en"),
                "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in row["turns"]),
                row["summary"],
                {
                    language: "\n".join(f"{name}: {text}" for name, text in lines)
                    for language, lines in people.get(row["id"], {}).items()
                },
            )


def texts(task, source, to, dialogues, sentences=()):
    """Pairs of a text and what should be made of it. Translation has the summaries of the dialogues in both languages,
    what is known by person in both, and `sentences`."""
    if task == "translate":
        both = [said for dialogue in dialogues for said in (dialogue.summary, dialogue.people)]
        return [(said[source], said[to]) for said in both if source in said and to in said] + list(sentences)
    said = "people" if task.startswith("by-person") else "summary"
    chats = [(dialogue.chat, getattr(dialogue, said)) for dialogue in dialogues if dialogue.language == source]
    return [(chat, answers[to]) for chat, answers in chats if to in answers]


def read_sentences(path):
    """Pairs of an English sentence and its translation, from a file of English TAB translation."""
    with gzip.open(path, "rt") if str(path).endswith(".gz") else open(path) as file:
        return [tuple(line.rstrip("\n").split("\t")[:2]) for line in file]


def sentence_pairs(files, source, to):
    """Pairs that may be trained on. `files` are of English and one other language each, by that language; two others
    are joined over the same English sentence."""
    if missing := sorted({source, to} - {"en"} - files.keys()):
        raise SystemExit(
            f"this configuration translates sentences from {source} to {to}; give the file of English and "
            f"{LANGUAGES[missing[0]]}, named …en-{missing[0]}.tsv or .tsv.gz: --sentences FILE…"
        )
    if "en" in (source, to):
        pairs = read_sentences(files[source if to == "en" else to])[:-HELD_OUT]
        return [pair[::-1] for pair in pairs] if to == "en" else pairs
    # A sentence that either file holds out is in neither of these.
    one, two = (dict(read_sentences(files[language])[:-HELD_OUT]) for language in (source, to))
    return [(one[english], two[english]) for english in one if english in two]


def sentence_files(paths):
    """Files of sentences by their other language, which is in the name after `en-`."""
    files = {}
    for path in paths:
        named = re.search(r"\ben-([a-z]{2})\.", path.name)
        if named is None:
            raise SystemExit(f"{path}: the name does not say the languages, as in tatoeba-en-es.tsv.gz")
        files[named[1]] = path
    return files


def join_sentences(pairs, chooser, longest=4):
    """Endless texts of 1 to `longest` sentences: summaries have several, a file of sentence pairs has one."""
    while True:
        chooser.shuffle(pairs)
        rest = iter(pairs)
        while chunk := [pair for _, pair in zip(range(chooser.randint(1, longest)), rest)]:
            yield tuple(" ".join(side) for side in zip(*chunk))


def joined_sentences(paths, source, to, count, seed):
    """`count` texts of joined sentences, and their translations."""
    pairs = sentence_pairs(sentence_files(paths), source, to)
    return list(itertools.islice(join_sentences(pairs, random.Random(seed)), count))


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
