#!/usr/bin/env python3
"""Puts what `all` has trained among the adapters that the project ships, and their sizes and hashes into the catalog;
then bakes the projections for the page (pkg-scripts/baked).

    ship.py [RUN…] [--base ID]        default: all runs of the base, such as summarize, translate-en, projection-es-en

Refuses a projection that was trained with other adapters than those that will be shipped beside it. What depends on
adapters has to follow, and is printed: LoraHub's weights, goldens, model cards.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys

from base import DATA, MODELS, ROOT, Base
from data import LANGUAGES
from safetensors import safe_open

CATALOG = DATA / "catalog.json"
KINDS = [
    "summarize",
    "translate",
    "joint-expert",
    "projection",
    "by-person-projection",
    "calibration-pp",
    "calibration",
]
# Of an adapter's entry, in this order.
KEYS = ["id", "base", "task", "from", "to", "form", "method", "path", "bytes", "sha256"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(run, base):
    """(file of the run, folder, entry of the catalog) for each file of a run. `summarize` is for chats in all
    languages, and `translate-R` for texts in all others."""
    kind = next((kind for kind in KINDS if f"{run}-".startswith(f"{kind}-")), "")
    languages = run.removeprefix(kind).split("-")[1:]
    if (kind, len(languages)) == ("summarize", 0):
        entry = {"id": f"{base}/{run}", "task": "summarize", "from": list(LANGUAGES), "method": "lora"}
        entry["form"] = ["gist", "people"]
        return [("adapter.gguf", run, entry)]
    if (kind, len(languages)) == ("translate", 1):
        others = [language for language in LANGUAGES if language != languages[0]]
        entry = {"id": f"{base}/{run}", "task": "translate", "from": others, "to": languages[0], "method": "lora"}
        return [("adapter.gguf", run, entry)]
    if len(languages) == 2:
        both = {"task": "summarize-translate", "from": languages[0], "to": languages[1]}
        pair = f"summarize+translate-{'-'.join(languages)}"
        if kind == "joint-expert":
            return [("adapter.gguf", run, {"id": f"{base}/{run}"} | both | {"method": "lora"})]
        if kind == "projection":
            entry = {"id": f"{base}/{pair}"} | both | {"method": kind}
            return [("projection.safetensors", pair, entry)]
        if kind == "by-person-projection":
            pair = f"by-person+translate-{'-'.join(languages)}"
            entry = {"id": f"{base}/{pair}"} | both | {"form": "people", "method": "projection"}
            return [("projection.safetensors", pair, entry)]
        if kind in ("calibration", "calibration-pp"):
            return [(f"{kind}.safetensors", pair, {"id": f"{base}/{pair}-{kind}"} | both | {"method": kind})]
    sys.exit(f"ship: {run} is not the name of a run, such as summarize, translate-en or projection-es-en")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--base", default="gemma-3-270m", help="catalog id [default: %(default)s]")
    given = parser.parse_args()
    base = Base(given.base).id
    folder = MODELS / "train" / base
    runs = given.runs or sorted(run.parent.name for run in folder.glob("*/losses.svg"))
    catalog = json.loads(CATALOG.read_text())
    known = {entry["id"]: entry for entry in catalog["adapters"]}
    copies = []
    for run in runs:
        for name, place, entry in files(run, base):
            file, path = folder / run / name, f"adapters/{base}/{place}/{name}"
            if not file.exists():
                sys.exit(f"ship: {file} is missing; train and export {run} first")
            copies.append((file, DATA / path))
            entry |= {"base": base, "path": path, "bytes": file.stat().st_size, "sha256": sha256(file)}
            entry = {key: entry[key] for key in KEYS if key in entry}
            if entry["id"] in known:
                known[entry["id"]].clear()
                known[entry["id"]].update(entry)
            else:
                catalog["adapters"].append(entry)
                known[entry["id"]] = entry
    check(catalog, copies)
    for file, path in copies:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)
        print(f"{path.relative_to(DATA)}: {path.stat().st_size} bytes")
    CATALOG.write_text(json.dumps(catalog, indent=1, ensure_ascii=False) + "\n")
    subprocess.run([sys.executable, ROOT / "pkg-scripts/baked", "--write"], check=True)
    print(
        "Now search LoraHub's weights again (gist lorahub), make the goldens of Gemma (pkg-scripts/goldens/logprobs.py),"
    )
    print("and write the scores of gist eval and quality.py into the cards.")


def check(catalog, copies):
    """That learned files were made with the adapters beside them."""
    new = {path: file for file, path in copies}
    hashes = {entry["id"]: entry["sha256"] for entry in catalog["adapters"]}
    for entry in catalog["adapters"]:
        path = DATA / entry["path"]
        if path.suffix != ".safetensors" or entry["method"] == "baked":
            continue
        with safe_open(new.get(path, path), "pt") as file:
            for adapter in json.loads((file.metadata() or {}).get("adapters", "[]")):
                if hashes.get(adapter["name"]) != adapter["sha256"]:
                    sys.exit(
                        f"ship: {entry['id']} was trained with another {adapter['name']} than would be shipped; train "
                        "it again, ship both, or remove it from the catalog"
                    )


if __name__ == "__main__":
    main()
