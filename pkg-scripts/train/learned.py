"""What is learned between two frozen LoRAs: how it is put beside the base, trained, and written for the engine."""

import json

import torch
from factors import Adapter
from loop import TargetLoss
from run import Run, arguments
from safetensors.torch import load_file, save_file


class Learned(torch.nn.Module):
    """Hooks on the weights that both LoRAs change. Each such weight `linear` gets its `target`, such as `q_proj`, and
    ½ ΔW1 + ½ ΔW2 as the product of `merged_b` and `merged_a`."""

    def __init__(self, model, primary, secondary):
        super().__init__()
        if primary.factors.keys() != secondary.factors.keys():
            raise SystemExit(
                f"{primary.path} and {secondary.path} change different weights; they have to change the same"
            )
        # Not a submodule's own: the base is trained by nobody and saved by nobody.
        self.linears = []
        for (layer, module), (b1, a1) in primary.factors.items():
            b2, a2 = secondary.factors[layer, module]
            linear = model.model.layers[layer].get_submodule(module)
            linear.target = module.rsplit(".", 1)[-1]
            linear.register_buffer("merged_b", 0.5 * torch.cat([b1, b2], 1), persistent=False)
            linear.register_buffer("merged_a", torch.cat([a1, a2], 0), persistent=False)
            linear.register_forward_hook(lambda linear, inputs, output: output + self.change(linear, inputs[0]))
            self.linears.append(linear)

    def change(self, linear, inputs):
        """What a weight gives beyond the base."""
        raise NotImplementedError

    def named(self):
        """Parameters by their keys in the file, as models/README.md lists them."""
        raise NotImplementedError

    def load(self, path):
        """Takes the values of a file that was written by `train`."""
        values = load_file(path)
        with torch.no_grad():
            for key, parameter in self.named().items():
                parameter.copy_(values[key])


def shape(linear):
    return f"{linear.in_features}x{linear.out_features}"


def train(description, methods):
    """Trains as the command line says. `methods` are subclasses of `Learned` by name; the configuration has the section
    of one of them, whose settings it is made with."""
    parser = arguments(description)
    parser.add_argument("--primary", required=True, help="summarization LoRA: GGUF file or PEFT folder")
    parser.add_argument("--secondary", required=True, help="translation LoRA: GGUF file or PEFT folder")
    parser.add_argument("--start", help="file of an earlier run whose values to start from")
    given = parser.parse_args()
    run = Run(given)
    method = next((name for name in methods if name in run.config), None)
    if method is None:
        parser.error(f"{given.configuration} has none of the sections {', '.join(methods)}")
    if len(run.sources) != 1 or run.to is None:
        parser.error("what is learned between two LoRAs is for one direction; give --from LANGUAGE --to LANGUAGE")
    model = run.base.model()
    adapters = [Adapter(given.primary), Adapter(given.secondary)]
    settings = run.config[method]
    learned = methods[method](model, *adapters, settings)
    if given.start:
        learned.load(given.start)
    print(f"{sum(parameter.numel() for parameter in learned.parameters())} parameters", flush=True)
    metadata = {
        "method": method,
        "task": run.tasks[0],
        "from": run.sources[0],
        "to": run.to,
        "adapters": json.dumps([
            {"name": f"{run.base.id}/{adapter.path.resolve().parent.name}", "sha256": adapter.sha256} for adapter in adapters
        ]),
        "base_tensors_sha256": run.base.facts()["tensors_sha256"],
    }  # fmt: skip
    if "s" in settings:
        metadata["s"] = str(settings["s"])

    def save(folder):
        values = {key: parameter.detach().cpu().contiguous() for key, parameter in learned.named().items()}
        save_file(values, folder / f"{method}.safetensors", metadata)

    run.train(TargetLoss(model.model, model.lm_head, learned), save)
