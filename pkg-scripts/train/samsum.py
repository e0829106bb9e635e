#!/usr/bin/env python3
"""Makes files of dialogues of your own copy of SAMSum, to repeat the paper's set-up. Its licence forbids to ship it.

    samsum.py SAMSUM OUT --to es fr

SAMSUM has train.json, val.json and test.json as published, and the summaries in the other languages, which SAMSum
lacks, as JSON lines {"id", "summary"} in train.es.jsonl and so on. Dialogues of val and test that occur in train too
are dropped.
"""

import argparse
import json
import pathlib
import sys


def turns(dialogue):
    """Messages of `Name: text` lines; a line without a name goes on with the message before it."""
    made = []
    for line in filter(None, map(str.strip, dialogue.splitlines())):
        speaker, colon, text = line.partition(":")
        if colon:
            made.append({"speaker": speaker.strip(), "text": text.strip()})
        elif made:
            made[-1]["text"] += f"\n{line}"
        else:
            made.append({"speaker": "", "text": line})
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samsum", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--to", required=True, nargs="+", metavar="LANGUAGE", help="of summaries beside English")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    languages = [language for language in given.to if language != "en"]
    trained = set()
    for split in ["train", "val", "test"]:
        published = given.samsum / f"{split}.json"
        translations = {language: given.samsum / f"{split}.{language}.jsonl" for language in languages}
        files = [published, *translations.values()]
        if missing := [str(file) for file in files if not file.exists()]:
            sys.exit(f"samsum: {' and '.join(missing)} missing; see samsum.py --help for what the folder has to hold")
        translated = {
            language: {row["id"]: row["summary"] for row in map(json.loads, file.read_text().splitlines())}
            for language, file in translations.items()
        }
        kept, dropped = [], {"occur in train": 0, "lack a message or a translation": 0}
        for row in json.loads(published.read_text()):
            made = turns(row["dialogue"])
            text = json.dumps(made)
            if split == "train":
                trained.add(text)
            elif text in trained:
                dropped["occur in train"] += 1
                continue
            summary = {"en": row["summary"]} | {language: translated[language].get(row["id"]) for language in languages}
            if not made or not all(summary.values()):
                dropped["lack a message or a translation"] += 1
                continue
            kept.append({"id": row["id"], "scenario": "SAMSum", "turns": made, "summary": summary})
        (given.out / f"{split}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept))
        print(f"{split}: {len(kept)} dialogues; dropped: " + ", ".join(f"{n} that {why}" for why, n in dropped.items()))


if __name__ == "__main__":
    main()
