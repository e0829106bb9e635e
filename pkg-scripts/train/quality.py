#!/usr/bin/env python3
"""How well each adapter does its own task, and whether summaries are in the language asked for, with the deployed
engine.

    quality.py en es fr de --sentences tatoeba-en-*.tsv.gz [--split val] [--more ARGUMENTS OF gist eval]
    quality.py es --examples EVALUATED.jsonl

For each language: ROUGE of its own summaries of the dialogues in it, and with --sentences, BLEU and chrF (of sacrebleu)
of translations into it from each other language that the catalog has a LoRA for, or all with a --secondary of your own,
on 500 texts of 1 to 4 sentences that were kept out of training. --examples is what `gist eval --to LANGUAGE --examples`
wrote: of it, the share of each method's summaries that an identifier of languages takes for the language, and the share
that ran to the limit. Prints JSON.
"""

import argparse
import collections
import itertools
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import py3langid
import sacrebleu
from base import DATA, ROOT
from data import DIALOGUES, HELD_OUT, LANGUAGES, join_sentences, read_sentences, sentence_files, sentence_pairs


def evaluate(data, source, to, method, more, *options):
    """What `gist eval` reports and writes for one method."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as examples:
        command = ["cargo", "run", "--quiet", "--release", "--", "eval", "--data", data, "--from", source, "--to", to]
        command += ["--methods", method, *options, "--examples", examples.name, "--json", *more]
        done = subprocess.run(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"quality: gist eval failed on {data} from {source} to {to}")
        return json.loads(done.stdout)[method], [json.loads(line) for line in examples]


def held_out(files, source, to):
    """Pairs that no configuration trains on. Those of two files are joined over an English sentence that either holds
    out."""
    if "en" in (source, to):
        pairs = read_sentences(files[source if to == "en" else to])[-HELD_OUT:]
        return [pair[::-1] for pair in pairs] if to == "en" else pairs
    one, two = (read_sentences(files[language]) for language in (source, to))
    english = dict.fromkeys(text for pairs in (one, two) for text, _ in pairs[-HELD_OUT:])
    one, two = dict(one), dict(two)
    # Two English sentences may have the same translations.
    trained = set(sentence_pairs(files, source, to))
    return [pair for text in english if text in one and text in two if (pair := (one[text], two[text])) not in trained]


def is_translated(source, to, more):
    """Whether there is a LoRA that translates from `source` into `to`: in the catalog, or one that `more` gives."""
    adapters = json.loads((DATA / "catalog.json").read_text())["adapters"]
    translators = [adapter for adapter in adapters if adapter["task"] == "translate" and adapter["to"] == to]
    # `from` is one language, or a list of them.
    return "--secondary" in more or any(source in adapter["from"] for adapter in translators)


def translation(given, source, to):
    pairs = held_out(sentence_files(given.sentences), source, to)
    texts = list(itertools.islice(join_sentences(pairs, random.Random(0)), given.translations))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as data:
        for number, (text, reference) in enumerate(texts):
            turns = [{"speaker": "", "text": text}]
            data.write(
                json.dumps({"id": str(number), "lang": source, "turns": turns, "summary": {to: reference}}) + "\n"
            )
        data.flush()
        _, made = evaluate(data.name, source, to, "secondary", given.more, "--task", "translate")
    made, references = [line["text"] for line in made], [[line["reference"] for line in made]]
    return {
        "texts": len(made),
        "bleu": sacrebleu.corpus_bleu(made, references).score,
        "chrf": sacrebleu.corpus_chrf(made, references).score,
    }


def in_language(path, to):
    """By method: the share of summaries in the language, and of those that were cut."""
    # Told the project's languages apart, it does not take a short Spanish text for Galician.
    py3langid.set_languages(list(LANGUAGES))
    found = collections.defaultdict(list)
    for line in map(json.loads, path.read_text().splitlines()):
        found[line["method"]].append((py3langid.classify(line["text"])[0] == to, line["cut"]))
    share = lambda lines, which: sum(line[which] for line in lines) / len(lines)
    return {method: {"in_language": share(lines, 0), "cut": share(lines, 1)} for method, lines in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="+", choices=list(LANGUAGES), metavar="LANGUAGE")
    parser.add_argument("--sentences", type=pathlib.Path, nargs="+", default=[], metavar="FILE", help="as for training")
    parser.add_argument("--translations", type=int, default=500)
    parser.add_argument("--split", choices=["val", "test"], default="test")
    parser.add_argument("--examples", type=pathlib.Path)
    parser.add_argument(
        "--more", nargs=argparse.REMAINDER, default=[], help="arguments of gist eval, such as --primary FILE"
    )
    given = parser.parse_args()
    report = {}
    for to in given.languages:
        data = DIALOGUES / (f"{given.split}.jsonl" if to == "en" else f"{given.split}-{to}.jsonl")
        report[to] = {"summaries": evaluate(data, to, to, "primary", given.more)[0]}
        known = {"en", *sentence_files(given.sentences)}
        if given.sentences and to in known:
            sources = [source for source in sorted(known - {to}) if is_translated(source, to, given.more)]
            report[to]["translation"] = {source: translation(given, source, to) for source in sources}
        if given.examples:
            report[to]["languages"] = in_language(given.examples, to)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
