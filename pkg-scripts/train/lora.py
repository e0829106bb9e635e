#!/usr/bin/env python3
"""Trains a LoRA with PEFT on the dequantised base: summarization, translation, or a joint expert.

    lora.py configs/summarize.toml
    lora.py configs/translate.toml --to en --sentences tatoeba-en-es.tsv.gz tatoeba-en-fr.tsv.gz tatoeba-en-de.tsv.gz

Writes a PEFT folder `adapter`, losses.csv and checkpoint.pt to --out, and goes on from the checkpoint if there is one.
"""

from loop import TargetLoss
from peft import LoraConfig, PeftModel, get_peft_model
from run import Run, arguments

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--start", help="PEFT folder whose weights to start from [default: the configuration's]")
    given = parser.parse_args()
    run = Run(given)
    model = run.base.model()
    if start := given.start or run.config.get("start"):
        adapted = PeftModel.from_pretrained(model, start, is_trainable=True)
    else:
        lora = run.config["lora"]
        settings = LoraConfig(
            task_type="CAUSAL_LM",
            target_modules=TARGETS,
            r=lora["r"],
            lora_alpha=lora["alpha"],
            lora_dropout=lora["dropout"],
        )
        adapted = get_peft_model(model, settings)
    adapted.peft_config["default"].base_model_name_or_path = run.base.name
    adapted.print_trainable_parameters()

    def save(folder):
        adapted.save_pretrained(folder / "adapter")
        (folder / "adapter/README.md").unlink(missing_ok=True)

    run.train(TargetLoss(model.model, model.lm_head), save)


if __name__ == "__main__":
    main()
