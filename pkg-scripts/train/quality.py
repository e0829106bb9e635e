#!/usr/bin/env python3
"""How well each adapter does its own task, and whether summaries are in the language asked for, with the deployed engine.

    quality.py --to es --sentences tatoeba-en-es.tsv.gz [--examples EVALUATED.jsonl] [-- ARGUMENTS OF gist eval]

English summaries are scored by ROUGE on the dialogues of test.jsonl; translations by BLEU and chrF of sacrebleu on 500 texts
of 1 to 4 sentences that were kept out of training. --examples is what `gist eval --to es --examples` wrote: of it, the
share of each method's summaries that an identifier of languages takes for the language, and the share that ran to the limit.
Prints JSON.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import tempfile

import py3langid
import sacrebleu
from base import ROOT
from data import DIALOGUES, HELD_OUT, LANGUAGES, join_sentences, read_sentences


def evaluate(data, to, method, more, *options):
    """What `gist eval` reports and writes for one method."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as examples:
        command = ["cargo", "run", "--quiet", "--release", "--", "eval", "--data", data, "--to", to, "--methods", method]
        command += [*options, "--examples", examples.name, "--json", *more]
        output = subprocess.run(list(map(str, command)), check=True, cwd=ROOT, capture_output=True, text=True).stdout
        return json.loads(output)[method], [json.loads(line) for line in examples]


def translation(given):
    pairs = read_sentences(given.sentences)[-HELD_OUT:]
    texts = [pair for _, pair in zip(range(given.translations), join_sentences(pairs, random.Random(0)))]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as data:
        for number, (text, reference) in enumerate(texts):
            turns = [{"speaker": "", "text": text}]
            data.write(json.dumps({"id": str(number), "turns": turns, "summary": {given.to: reference}}) + "\n")
        data.flush()
        _, made = evaluate(data.name, given.to, "secondary", given.more, "--task", "translate")
    made, references = [line["text"] for line in made], [[line["reference"] for line in made]]
    return {
        "texts": len(made),
        "bleu": sacrebleu.corpus_bleu(made, references).score,
        "chrf": sacrebleu.corpus_chrf(made, references).score,
    }


def languages(path, to):
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
    parser.add_argument("--to", default="es")
    parser.add_argument("--sentences", type=pathlib.Path, help="English TAB translation; without it none are scored")
    parser.add_argument("--translations", type=int, default=500)
    parser.add_argument("--data", type=pathlib.Path, default=DIALOGUES / "test.jsonl")
    parser.add_argument("--examples", type=pathlib.Path)
    parser.add_argument("more", nargs="*", help="arguments of gist eval, such as --primary FILE")
    given = parser.parse_args()
    report = {"summaries": evaluate(given.data.resolve(), "en", "primary", given.more)[0]}
    if given.sentences:
        report["translation"] = translation(given)
    if given.examples:
        report["languages"] = languages(given.examples, given.to)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
