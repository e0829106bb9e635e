"""Makes crate/tests/goldens/rouge.json: what the Python package rouge-score gives, with our rule for words.

    python3 -m venv VENV && VENV/bin/pip install rouge-score==0.1.2 regex
    VENV/bin/python pkg-scripts/goldens/rouge.py models/dialogues/val.jsonl > crate/tests/goldens/rouge.json

The file of dialogues has a {"summary": {"en", "es", "fr", "de"}} per line. A candidate is the next dialogue's summary,
or an edit of its own reference: words dropped, shuffled, repeated, in capitals, with accents as characters of their
own.
"""

import json
import random
import sys
import unicodedata

import regex
from rouge_score import rouge_scorer


class Words:
    """Maximal runs of grapheme clusters that begin with an alphanumeric character, as crate/src/rouge.rs has it."""

    def tokenize(self, text):
        words, word = [], ""
        for cluster in regex.findall(r"\X", text.lower()) + ["\n"]:
            if cluster[0].isalnum():
                word += cluster
            elif word:
                words.append(word)
                word = ""
        return words


def edits(reference, other, chance):
    words = reference.split()
    yield other
    yield " ".join(word for word in words if chance.random() < 0.7)
    shuffled = words[:]
    chance.shuffle(shuffled)
    yield " ".join(shuffled)
    yield unicodedata.normalize("NFD", " ".join(words[: len(words) // 2] + words[: len(words) // 3])).upper()
    yield reference.replace(" ", "_").replace("'", "’")


def main():
    chance = random.Random(7)
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Words())
    plain = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
    with open(sys.argv[1], encoding="utf-8") as file:
        summaries = [json.loads(line)["summary"] for line in file]
    pairs = []
    for index, language in enumerate(["en", "es", "fr", "de"]):
        reference, other = summaries[index][language], summaries[index + 1][language]
        pairs += [(reference, candidate) for candidate in edits(reference, other, chance)]
    pairs += [("", "word"), ("word", ""), ("one two", "one"), ("don't_stop 3.5", "don t stop 35")]
    goldens = []
    for reference, candidate in pairs:
        scores = scorer.score(reference, candidate)
        if (reference + candidate).isascii():
            assert scores == plain.score(reference, candidate), "on ASCII the package's own words are the same"
        golden = {"reference": reference, "candidate": candidate}
        golden.update({name: round(100 * score.fmeasure, 9) for name, score in scores.items()})
        goldens.append(json.dumps(golden, ensure_ascii=False))
    print("[\n" + ",\n".join(goldens) + "\n]")


main()
