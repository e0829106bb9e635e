#!/usr/bin/env python3
"""Puts what `all` has trained among the adapters that the project ships, and their sizes and hashes into the catalog.

    ship.py es [RUN…]        default: summarize translate-es projection-es joint-expert-es calibration-pp-es

Refuses a projection that was trained with other adapters than those that will be shipped beside it. What depends on
adapters has to follow, and is printed: LoraHub's weights, goldens, model cards.
"""

import argparse
import hashlib
import json
import shutil
import sys

from base import DATA, MODELS, Base
from safetensors import safe_open

CATALOG = DATA / "catalog.json"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(run, base, to):
    """(file of the run, catalog id, folder, task, source, target, method) for each file of a run. The catalog does not list
    a baked projection, which is for those who want it without its adapters."""
    pair = f"summarize+translate-{to}"
    both = ("summarize-translate", "en", to)
    return {
        "summarize": [("adapter.gguf", f"{base}/summarize", "summarize", "summarize", "en", "en", "lora")],
        f"translate-{to}": [("adapter.gguf", f"{base}/translate-{to}", f"translate-{to}", "translate", "en", to, "lora")],
        f"joint-expert-{to}": [("adapter.gguf", f"{base}/joint-expert-{to}", f"joint-expert-{to}", *both, "lora")],
        f"projection-{to}": [
            ("projection.safetensors", f"{base}/{pair}", pair, *both, "projection"),
            ("baked.safetensors", None, pair, *both, "baked"),
        ],
        f"calibration-pp-{to}": [
            ("calibration-pp.safetensors", f"{base}/{pair}-calibration-pp", pair, *both, "calibration-pp"),
        ],
    }[run]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("to")
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--base", default="gemma-3-270m")
    given = parser.parse_args()
    to, base = given.to, Base(given.base).id
    names = ["translate", "projection", "joint-expert", "calibration-pp"]
    runs = given.runs or ["summarize", *(f"{name}-{to}" for name in names)]
    catalog = json.loads(CATALOG.read_text())
    known = {entry["id"]: entry for entry in catalog["adapters"]}
    copies = []
    for run in runs:
        for name, identity, folder, task, source, target, method in files(run, base, to):
            file = MODELS / "train" / run / name
            if not file.exists():
                sys.exit(f"ship: {file} is missing; train and export {run} first")
            path = f"adapters/{base}/{folder}/{name}"
            copies.append((file, DATA / path))
            if identity is None:
                continue
            entry = {
                "id": identity, "base": base, "task": task, "from": source, "to": target, "method": method, "path": path,
                "bytes": file.stat().st_size, "sha256": sha256(file),
            }  # fmt: skip
            if identity not in known:
                known[identity] = entry
                catalog["adapters"].append(entry)
            known[identity].update(entry)
    check(catalog, copies)
    for file, path in copies:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)
        print(f"{path.relative_to(DATA)}: {path.stat().st_size} bytes")
    CATALOG.write_text(json.dumps(catalog, indent=1, ensure_ascii=False) + "\n")
    print("Now search LoraHub's weights again (gist lorahub), make the goldens of Gemma (pkg-scripts/goldens/logprobs.py),")
    print("and write the scores of gist eval and quality.py into the cards.")


def check(catalog, copies):
    """That learned files were made with the adapters beside them."""
    new = {path: file for file, path in copies}
    hashes = {entry["id"]: entry["sha256"] for entry in catalog["adapters"]}
    for entry in catalog["adapters"]:
        path = DATA / entry["path"]
        if path.suffix != ".safetensors":
            continue
        with safe_open(new.get(path, path), "pt") as file:
            for adapter in json.loads((file.metadata() or {}).get("adapters", "[]")):
                if hashes.get(adapter["name"]) != adapter["sha256"]:
                    sys.exit(
                        f"ship: {entry['id']} was trained with another {adapter['name']} than would be shipped; train the "
                        "projection again, or ship both"
                    )


if __name__ == "__main__":
    main()
