#!/usr/bin/env python3
"""Makes of a run's result what the engine and people take: a GGUF LoRA in Q8_0 or a baked projection, and losses.svg.
What is learned of a calibration is taken as it is.

    export.py RUN
    export.py RUN --primary summarize/adapter.gguf --secondary translate-en/adapter.gguf
"""

import argparse
import csv
import os
import pathlib
import subprocess

import matplotlib
from base import ROOT, Base
from safetensors import safe_open

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

# Losses of single batches say little: the line is their mean over so many.
SMOOTH = 20


def gist(*arguments):
    """The engine's program, built by cargo if it is not."""
    subprocess.run(["cargo", "run", "--quiet", "--release", "--", *map(str, arguments)], check=True, cwd=ROOT)


def plot(run, title):
    with open(run / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [(int(row["step"]), float(row["loss"])) for row in rows if row["loss"]]
    validation = [(int(row["step"]), float(row["validation"])) for row in rows if row["validation"]]
    steps, values = zip(*losses)
    means = [sum(values[max(0, i - SMOOTH + 1) : i + 1]) / min(i + 1, SMOOTH) for i in range(len(values))]
    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    axes.plot(steps, values, color="#2a6f97", alpha=0.25, linewidth=0.8)
    axes.plot(steps, means, color="#2a6f97", label=f"training, mean of {SMOOTH} batches")
    axes.plot(*zip(*validation), "o", color="#e09f3e", label="validation")
    axes.set(title=title, xlabel="step", ylabel="loss of a target token")
    axes.legend()
    figure.tight_layout()
    # Without a date, so that the same losses give the same file.
    figure.savefig(run / "losses.svg", metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, help="the run's --out folder, which is named as the run")
    parser.add_argument("--base", default="gemma-3-270m", help="catalog id or path [default: %(default)s]")
    parser.add_argument("--primary", type=pathlib.Path, help="of a projection: its summarization LoRA")
    parser.add_argument("--secondary", type=pathlib.Path, help="of a projection: its translation LoRA")
    given = parser.parse_args()
    base, run = Base(given.base), given.run.resolve()
    projection = run / "projection.safetensors"
    if projection.exists():
        if not (given.primary and given.secondary):
            parser.error("a projection is baked with its adapters; give --primary and --secondary")
        adapters = ["--primary", os.path.abspath(given.primary), "--secondary", os.path.abspath(given.secondary)]
        with safe_open(projection, "pt") as file:
            metadata = file.metadata()
        languages = ["--from", metadata["from"], "--to", metadata["to"]]
        correction = ["--correction", projection]
        gist("bake", "--model", base.path, *languages, *adapters, *correction, "--out", run / "baked.safetensors")
    elif (run / "adapter").exists():
        name = f"{base.id}/{run.name}"
        gist("export", run / "adapter", "--base", base.path, "--out", run / "adapter.gguf", "--name", name)
    plot(run, f"{run.name}, {base.id}")


if __name__ == "__main__":
    main()
