#!/usr/bin/env python3
"""Makes of a run's result what the engine and people take: a GGUF LoRA in Q8_0 or a baked projection, and losses.svg. What
is learned of a calibration is taken as it is.

    export.py configs/summarize.toml RUN
    export.py configs/projection-es.toml RUN --primary summarize/adapter.gguf --secondary translate-es/adapter.gguf
"""

import argparse
import csv
import os
import pathlib
import subprocess
import tomllib

import matplotlib
from base import ROOT, Base

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
    parser.add_argument("configuration", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path, help="the run's --out folder")
    parser.add_argument("--primary", type=pathlib.Path, help="of a projection: its summarization LoRA")
    parser.add_argument("--secondary", type=pathlib.Path, help="of a projection: its translation LoRA")
    given = parser.parse_args()
    config = tomllib.loads(given.configuration.read_text())
    base, run = Base(config["base"]), given.run.resolve()
    if "projection" in config:
        if not (given.primary and given.secondary):
            parser.error("a projection is baked with its adapters; give --primary and --secondary")
        adapters = ["--primary", os.path.abspath(given.primary), "--secondary", os.path.abspath(given.secondary)]
        languages = ["--from", config["from"], "--to", config["to"]]
        learned = ["--learned", run / "projection.safetensors"]
        gist("bake", "--model", base.path, *languages, *adapters, *learned, "--out", run / "baked.safetensors")
    elif "lora" in config:
        name = f"{base.id}/{given.configuration.stem}"
        gist("export", run / "adapter", "--base", base.path, "--out", run / "adapter.gguf", "--name", name)
    plot(run, f"{given.configuration.stem}, {base.id}")


if __name__ == "__main__":
    main()
