"""The training loop: learning rate, checkpoints, losses on file. What is trained is the caller's."""

import csv
import json
import math
import os
import pathlib
import time

import torch
from data import batches, tensors


class HeadLoss(torch.autograd.Function):
    """Sum of the negative log-likelihoods of `answers` after `hidden` [n, k], by a frozen head [vocabulary, k].
    Log-likelihoods of a large vocabulary are most of what a step has to remember, so the gradient is made with the
    loss, a few rows at a time."""

    ROWS = 64

    @staticmethod
    def forward(ctx, hidden, head, answers):
        loss = torch.zeros((), device=hidden.device)
        gradient = torch.zeros_like(hidden)
        for start in range(0, len(hidden), HeadLoss.ROWS):
            rows = slice(start, start + HeadLoss.ROWS)
            logits = (hidden[rows].to(head.dtype) @ head.T).float()
            answer, total = answers[rows, None], logits.logsumexp(-1, keepdim=True)
            loss += (total - logits.gather(-1, answer)).sum()
            if ctx.needs_input_grad[0]:
                change = logits.sub_(total).exp_().scatter_add_(-1, answer, -torch.ones_like(total))
                gradient[rows] = change.to(head.dtype) @ head
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx, change):
        return change * ctx.saved_tensors[0], None, None


class TargetLoss(torch.nn.Module):
    """Sum of the negative log-likelihoods of targets. The head, a third of the work at this vocabulary, sees only the
    positions before targets."""

    def __init__(self, decoder, head, beside=None):
        super().__init__()
        # `beside` is what hooks of the decoder use, so that its parameters are among this module's.
        self.decoder, self.head, self.beside = decoder, head, beside

    def forward(self, ids, real, targets):
        hidden = self.decoder(input_ids=ids, attention_mask=real, use_cache=False).last_hidden_state
        return HeadLoss.apply(hidden[:, :-1][targets[:, 1:]], self.head.weight, ids[:, 1:][targets[:, 1:]])


def parts(batch, tokens):
    """A batch in parts of at most so many tokens with their padding, or of one example that has more."""
    made = [[]]
    for example in sorted(batch, key=len):
        if made[-1] and (len(made[-1]) + 1) * len(example) > tokens:
            made.append([])
        made[-1].append(example)
    return made


class Loop:
    """One run. `settings` is the configuration's [optimizer]; `save(folder)` writes what was trained so far."""

    def __init__(self, module, settings, out, accelerator, save, seed):
        self.settings, self.out, self.accelerator, self.save, self.seed = settings, out, accelerator, save, seed
        trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=settings["lr"], weight_decay=0.0)
        self.module, self.optimizer = accelerator.prepare(module, optimizer)
        # A processor's memory is shared with all else that runs; a token takes 3 MB of it at 270 M parameters.
        # Processes that share a batch have to take it in equally many parts: in one.
        alone = accelerator.device.type == "cpu" and accelerator.num_processes == 1
        self.tokens = 1024 if alone else 2**20
        self.step, self.elapsed, self.started = 0, 0.0, time.monotonic()
        self.rows = []

    def progress(self, total):
        """From 0 to 1 by steps or, where the configuration gives minutes, by time if that is sooner."""
        done = self.step / total
        if minutes := self.settings.get("minutes"):
            # All processes have to agree on the learning rate and on when to stop.
            elapsed = torch.tensor(self.seconds(), device=self.accelerator.device)
            done = max(done, self.accelerator.reduce(elapsed, "mean").item() / (60 * minutes))
        return min(done, 1.0)

    def seconds(self):
        return self.elapsed + time.monotonic() - self.started

    def run(self, examples, validation):
        settings, accelerator = self.settings, self.accelerator
        epoch_steps = math.ceil(len(examples) / settings["batch"])
        total = settings.get("steps") or epoch_steps * settings["epochs"]
        self.resume()
        if self.step == 0:
            self.note(0.0, None, self.validate(validation))
        last_checkpoint = time.monotonic()
        order = None
        while (done := self.progress(total)) < 1.0:
            epoch, position = divmod(self.step, epoch_steps)
            if position == 0 or order is None:
                order = batches(examples, settings["batch"], self.seed + epoch)
            rate = (
                settings["lr"] * min(1.0, (self.step + 1) / settings["warmup"]) * 0.5 * (1 + math.cos(math.pi * done))
            )
            loss = self.learn(order[position], rate)
            self.step += 1
            self.note(rate, loss, None)
            if time.monotonic() - last_checkpoint > 60 * settings.get("checkpoint_minutes", 10):
                self.checkpoint()
                last_checkpoint = time.monotonic()
        self.note(0.0, None, self.validate(validation))
        self.checkpoint()
        if accelerator.is_main_process:
            print(
                f"{self.out}: {self.step} steps in {self.seconds():.0f} s, validation loss {self.rows[-1]['validation']}"
            )

    def learn(self, batch, rate):
        """One step; the mean loss of the batch's target tokens."""
        accelerator = self.accelerator
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.module.train()
        # Every process takes part in a step, so one that has no example of the last batch takes another's.
        share = batch[accelerator.process_index :: accelerator.num_processes] or batch[:1]
        count = torch.tensor(float(sum(len(example.target) for example in share)), device=accelerator.device)
        count, loss = accelerator.reduce(count, "sum"), torch.zeros((), device=accelerator.device)
        for part in parts(share, self.tokens):
            part_loss = self.module(*(tensor.to(accelerator.device) for tensor in tensors(part)))
            # Gradients are averaged over processes, so each gives its share of the sum times their number.
            accelerator.backward(part_loss * accelerator.num_processes / count)
            loss += part_loss.detach()
        accelerator.clip_grad_norm_([p for g in self.optimizer.param_groups for p in g["params"]], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return (accelerator.reduce(loss, "sum") / count).item()

    @torch.no_grad()
    def validate(self, examples):
        """Mean loss of target tokens, all of it on every process: it is small."""
        self.module.eval()
        loss, count = 0.0, 0
        for batch in batches(examples, self.settings["batch"], 0):
            ids, real, targets = (tensor.to(self.accelerator.device) for tensor in tensors(batch))
            loss += self.module(ids, real, targets).item()
            count += targets.sum().item()
        return loss / max(count, 1)

    def note(self, rate, loss, validation):
        shown = lambda value: "" if value is None else f"{value:.5f}"
        row = {"step": self.step, "seconds": f"{self.seconds():.1f}", "learning_rate": f"{rate:.3e}"}
        self.rows.append(row | {"loss": shown(loss), "validation": shown(validation)})
        if self.accelerator.is_main_process:
            self.out.mkdir(parents=True, exist_ok=True)
            with open(self.out / "losses.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, self.rows[0].keys())
                writer.writeheader()
                writer.writerows(self.rows)

    def checkpoint(self):
        """What a later start goes on from, on a processor exactly, and what was trained so far in its usable form."""
        if not self.accelerator.is_main_process:
            return
        state = {
            "settings": json.dumps(self.settings, sort_keys=True),
            "step": self.step,
            "seconds": self.seconds(),
            "rows": self.rows,
            "parameters": {n: p.detach().cpu() for n, p in self.named().items()},
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        temporary = self.out / "checkpoint.pt.part"
        torch.save(state, temporary)
        os.replace(temporary, self.out / "checkpoint.pt")
        self.save(self.out)

    def resume(self):
        path = pathlib.Path(self.out) / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["settings"] != json.dumps(self.settings, sort_keys=True):
            raise SystemExit(f"{path} is of a run with other settings; remove it or give another folder with --out")
        with torch.no_grad():
            for name, parameter in self.named().items():
                parameter.copy_(state["parameters"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.elapsed, self.rows = state["step"], state["seconds"], state["rows"]
        self.started = time.monotonic()
        print(f"{path}: going on after step {self.step}", flush=True)

    def named(self):
        module = self.accelerator.unwrap_model(self.module)
        return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
