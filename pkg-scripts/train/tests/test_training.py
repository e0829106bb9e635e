"""Trains everything for a few steps on a tiny random model, and holds the results against the engine.

$(pkg-scripts/train/setup) -m unittest discover -s pkg-scripts/train/tests
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

# base.py reads the first when it is imported.
FOLDER = tempfile.TemporaryDirectory()
os.environ["POCKET_GIST_MODELS"] = FOLDER.name
TRAIN = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TRAIN))

import torch  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from base import MODELS, PLAIN, ROOT, Base  # noqa: E402
from calibration import METHODS  # noqa: E402
from data import (  # noqa: E402
    HELD_OUT,
    Example,
    batches,
    encode,
    instruction,
    join_sentences,
    read_dialogues,
    sentence_files,
    sentence_pairs,
    tensors,
    texts,
)  # fmt: skip
from factors import Adapter  # noqa: E402
from loop import Loop, TargetLoss, parts  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from projection import Projection  # noqa: E402
from quality import held_out  # noqa: E402
from run import round_frozen  # noqa: E402
from safetensors.torch import load_file, safe_open  # noqa: E402
from ship import files  # noqa: E402

WORDS = "the train is late again and Ana waits at the station with Bo who has no ticket left for it".split()
BASE = "tiny-gemma3-f32.gguf"
PROMPT = "the train is"
# What `all es` makes.
LORAS = ["summarize", "translate-es", "joint-expert-en-es"]
LEARNED = ["projection-en-es", "by-person-projection-en-es", "calibration-pp-en-es"]


def gist(*arguments):
    command = ["cargo", "run", "--quiet", "--release", "--", *map(str, arguments)]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout


def dialogues(count, language):
    for i in range(count):
        words = [WORDS[(i * 5 + j * 3) % len(WORDS)] for j in range(8)]
        turns = [{"speaker": "Ana", "text": " ".join(words[:4])}, {"speaker": "Bo", "text": " ".join(words[4:])}]
        summary = {"en": " ".join(words[:3]), "es": " ".join(words[5:])}
        dialogue = {"id": f"{language}-{i}", "turns": turns, "summary": summary}
        # A chat without a language is English.
        yield dialogue if language == "en" else dialogue | {"lang": language}


def setUpModule():
    gist("synth", BASE.removesuffix(".gguf"), "--out", MODELS / BASE)
    people = []
    for split, count in [("train", 24), ("val", 4)]:
        for name, language in [(split, "en"), (f"{split}-es", "es")]:
            made = list(dialogues(count, language))
            write(f"{name}.jsonl", made)
            said = {"en": [["Ana", "waits"]], "es": [["Ana", "late"]]}
            people += [{"id": dialogue["id"], "by_person": said} for dialogue in made[::2]]
    write("by-person.jsonl", people)
    # The end of the file is kept for scoring, and as much as that is not trained on.
    (MODELS / "some-en-es.tsv").write_text("".join(f"the {i}\tel {i}\n" for i in range(1600)))
    environment = os.environ | {"CONFIGS": str(TRAIN / "tests/configs"), "PYTHON": sys.executable}
    # Matrices this small gain nothing from a second thread, and on a busy machine wait for it.
    torch.set_num_threads(1)
    device = ["--base", BASE, "--device", "cpu", "--precision", "f32", "--dialogues", MODELS]
    sentences = ["--sentences", MODELS / "some-en-es.tsv"]
    subprocess.run([TRAIN / "all", "es", *device, "--threads", "1", *sentences], check=True, env=environment)
    pair = ["--primary", run("summarize") / "adapter.gguf", "--secondary", run("translate-es") / "adapter.gguf"]
    command = [sys.executable, TRAIN / "calibration.py", TRAIN / "tests/configs/calibration.toml", *pair, *device]
    subprocess.run([*command, "--from", "en", "--to", "es"], check=True, env=environment)


def write(name, rows):
    (MODELS / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def tearDownModule():
    FOLDER.cleanup()


def run(name):
    return MODELS / "train" / BASE.removesuffix(".gguf") / name


def losses(name):
    with open(run(name) / "losses.csv", newline="") as file:
        return list(csv.DictReader(file))


def reference(model, tokens):
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([tokens])).logits[0, -1].double(), -1)


class Results(unittest.TestCase):
    def test_every_run_learns_and_is_recorded(self):
        for name in [*LORAS, *LEARNED]:
            rows = losses(name)
            self.assertEqual([int(row["step"]) for row in rows], [0, *range(1, 13), 12])
            first, last = float(rows[0]["validation"]), float(rows[-1]["validation"])
            self.assertLess(last, first - 0.02, name)
            self.assertIn("validation", (run(name) / "losses.svg").read_text())

    def same(self, adapter, model):
        """That the engine's log-probabilities with `adapter` are those of `model`."""
        answer = json.loads(
            gist("logits", MODELS / BASE, "--prompt", PROMPT, "--adapter", adapter, "--exact", "--json")
        )
        expected = reference(model, answer["tokens"])
        plain = reference(Base(BASE).model(), answer["tokens"])
        best = expected.topk(50).indices
        found = torch.log_softmax(torch.tensor(answer["logits"]).double(), -1)
        # As crate/tests/logprobs.rs allows. What was learned has to be larger than that to be seen.
        self.assertLess((found - expected)[best].abs().max(), 0.003)
        self.assertGreater((plain - expected)[best].abs().max(), 0.03)

    def test_the_engine_runs_what_was_trained(self):
        for name in LORAS:
            model = Base(BASE).model()
            for (layer, module), (b, a) in Adapter(run(name) / "adapter.gguf").factors.items():
                model.model.layers[layer].get_submodule(module).weight += b @ a
            self.same(run(name) / "adapter.gguf", model)

    def test_an_exported_adapter_is_the_trained_one_to_eight_bits(self):
        exported, trained = (Adapter(run("summarize") / path).factors for path in ["adapter.gguf", "adapter"])
        self.assertEqual(exported.keys(), trained.keys())
        for key, (b, a) in trained.items():
            difference, size = (exported[key][0] @ exported[key][1] - b @ a).norm(), (b @ a).norm()
            self.assertLess(difference, 0.02 * size)

    def test_the_engine_runs_what_was_learned_between_adapters(self):
        adapters = [run(name) / "adapter.gguf" for name in ["summarize", "translate-es"]]
        given = ["--to", "es", "--model", MODELS / BASE, "--primary", adapters[0], "--secondary", adapters[1]]
        learned = {
            "projection": (
                Projection,
                ["projection-en-es/projection.safetensors", "projection-en-es/baked.safetensors"],
            ),
            "calibration": (METHODS["calibration"], ["calibration-en-es/calibration.safetensors"]),
            "calibration-pp": (METHODS["calibration-pp"], ["calibration-pp-en-es/calibration-pp.safetensors"]),
        }
        for method, (made, names) in learned.items():
            model = Base(BASE).model()
            module = made(model, *map(Adapter, adapters), {"s": 2, "start": "principal"})
            module.load(run(names[0]))
            for number, file in enumerate(names):
                merged = MODELS / f"merged-{method}-{number}"
                gist("merge", "--method", method, *given, "--correction", run(file), "--out", merged)
                self.same(merged, model)

    def test_a_projection_says_what_it_was_made_with(self):
        with safe_open(run("projection-en-es") / "projection.safetensors", "pt") as file:
            metadata = file.metadata()
        names = [adapter["name"] for adapter in json.loads(metadata["adapters"])]
        self.assertEqual(names, ["tiny-gemma3-f32/summarize", "tiny-gemma3-f32/translate-es"])
        # The engine refuses the file for another base or another pair.
        self.assertEqual(len(metadata["base_tensors_sha256"]), 64)
        self.assertEqual((metadata["method"], metadata["s"], metadata["to"]), ("projection", "2", "es"))


class Parts(unittest.TestCase):
    def test_the_loss_is_that_of_all_logits_at_targets(self):
        model = Base(BASE).model()
        batch = [Example([5, 6, 7], [8, 9]), Example([10], [11, 12, 13, 14])]
        ids, real, targets = tensors(batch)
        labels = ids.masked_fill(~targets, -100)
        expected = model(input_ids=ids, attention_mask=real, labels=labels).loss * targets.sum()
        torch.testing.assert_close(TargetLoss(model.model, model.lm_head)(ids, real, targets), expected)

    def test_an_epoch_has_every_example_once(self):
        examples = [Example([i], [1] * (i % 7 + 1)) for i in range(50)]
        made = batches(examples, 4, 3)
        self.assertEqual(sorted(e.prompt[0] for batch in made for e in batch), list(range(50)))
        self.assertNotEqual(batches(examples, 4, 3), batches(examples, 4, 4))

    def test_a_batch_in_parts_has_every_example_and_no_part_too_many_tokens(self):
        batch = [Example([1] * size, [2]) for size in [5, 30, 9, 2, 9, 12]]
        made = parts(batch, 24)
        self.assertEqual(sorted(len(e) for part in made for e in part), sorted(map(len, batch)))
        self.assertEqual([[len(e) for e in part] for part in made], [[3, 6], [10, 10], [13], [31]])

    def test_sentences_are_joined_with_their_translations(self):
        import random

        joined = join_sentences([(f"a{i}", f"b{i}") for i in range(9)], random.Random(2))
        lengths = set()
        for _, (one, two) in zip(range(60), joined):
            self.assertEqual(one.replace("a", "b"), two)
            lengths.add(len(one.split()))
        self.assertEqual(lengths, {1, 2, 3, 4})

    def test_sentences_of_two_languages_meet_in_english(self):
        english = [f"sentence {i}" for i in range(HELD_OUT + 100)]
        found = {}
        for language, first, last in [("fr", 0, -1), ("de", 10, None)]:
            found[language] = MODELS / f"meet-en-{language}.tsv"
            found[language].write_text("".join(f"{text}\t{language} {text}\n" for text in english[first:last]))
        pairs = sentence_pairs(found, "fr", "de")
        # The first ten are in one file only, and the last are held out: by French one more.
        self.assertEqual(pairs, [(f"fr {text}", f"de {text}") for text in english[10:99]])
        self.assertEqual(sentence_pairs(found, "de", "en")[0], ("de sentence 10", "sentence 10"))
        self.assertEqual(sentence_pairs(found, "en", "fr")[0], ("sentence 0", "fr sentence 0"))
        held = held_out(found, "fr", "de")
        self.assertFalse(set(pairs) & set(held))
        self.assertEqual(sentence_files(found.values()), found)
        with self.assertRaisesRegex(SystemExit, "en-es"):
            sentence_pairs(found, "es", "fr")

    def test_each_task_has_its_texts(self):
        chats = list(read_dialogues(MODELS, "train"))
        self.assertEqual(
            [sum(chat.language == language for chat in chats) for language in ("en", "es", "fr")], [24, 24, 0]
        )
        first = chats[0]
        self.assertEqual(texts("summarize", "en", "en", chats)[0], (first.chat, first.summary["en"]))
        self.assertEqual(texts("summarize-translate", "en", "es", chats)[0], (first.chat, first.summary["es"]))
        self.assertEqual(len(texts("summarize", "es", "es", chats)), 24)
        # Every second chat is known by person.
        self.assertEqual(texts("by-person", "es", "es", chats)[:1], [(chats[24].chat, "Ana: late")])
        self.assertEqual(len(texts("by-person-translate", "es", "en", chats)), 12)
        # A translation has the summaries of all chats, whatever their language.
        pairs = texts("translate", "es", "en", chats, [("uno", "one")])
        self.assertEqual(len(pairs), 48 + 24 + 1)
        self.assertEqual(pairs[:2], [(first.summary["es"], first.summary["en"]), ("Ana: late", "Ana: waits")])

    def test_an_instruction_names_both_languages(self):
        self.assertEqual(
            instruction("by-person-translate", "es", "en"),
            "Say what each person says or does and translate it from Spanish to English.",
        )

    def test_rounded_multiplications_hardly_change_the_loss(self):
        model = Base(BASE).model()
        batch = tensors([Example([5, 6, 7], [8, 9]), Example([10], [11, 12, 13, 14])])
        module = TargetLoss(model.model, model.lm_head)
        exact = module(*batch)
        round_frozen(module)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = module(*batch)
        self.assertEqual(model.lm_head.weight.dtype, torch.bfloat16)
        self.assertEqual(model.model.embed_tokens.weight.dtype, torch.float32)
        # A bf16 number has 8 bits.
        self.assertLess(abs(rounded - exact), exact * 2**-8)
        self.assertNotEqual(rounded, exact)

    def test_files_go_to_the_folders_of_their_directions(self):
        place = lambda run: [(folder, entry["id"]) for _, folder, entry in files(run, "b")]
        self.assertEqual(place("summarize"), [("summarize", "b/summarize")])
        self.assertEqual(place("translate-fr"), [("translate-fr", "b/translate-fr")])
        self.assertEqual(place("joint-expert-es-en"), [("joint-expert-es-en", "b/joint-expert-es-en")])
        pair = "summarize+translate-es-en"
        self.assertEqual(place("projection-es-en"), [(pair, f"b/{pair}")])
        self.assertEqual(place("calibration-pp-es-en"), [(pair, f"b/{pair}-calibration-pp")])
        pair = "by-person+translate-es-en"
        self.assertEqual(place("by-person-projection-es-en"), [(pair, f"b/{pair}")])
        with self.assertRaises(SystemExit):
            files("projection-es", "b")

    def test_prompts_are_those_of_the_engine(self):
        base = Base("tiny-gemma3-f32.gguf")
        base.template = base.template.replace(PLAIN, "<{instruction}|{text}>")
        [example] = encode([("abc", "d")], "do", base, base.tokenizer(), 100)
        tokens = json.loads(gist("logits", MODELS / BASE, "--prompt", "<do|abc>", "--json"))["tokens"]
        self.assertEqual(example.prompt, tokens)
        self.assertEqual(example.target[-1], 2)
        self.assertEqual(encode([("abc", "d")], "do", base, base.tokenizer(), 5), [])

    def test_an_interrupted_run_goes_on_as_if_it_had_not_been(self):
        settings = {"lr": 1e-3, "batch": 2, "steps": 6, "warmup": 2, "checkpoint_minutes": 0}
        examples = [Example([i, i + 1], [i + 2, i + 3]) for i in range(5, 15)]

        def start(out, stop=None):
            torch.manual_seed(0)
            model = Base(BASE).model()
            get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj", "down_proj"], lora_dropout=0.3))
            module = TargetLoss(model.model, model.lm_head)
            loop = Loop(module, settings, out, Accelerator(cpu=True), lambda folder: None, 0)
            learn = loop.learn

            def stops(loop, *given):
                if loop.step == stop:
                    raise KeyboardInterrupt
                return learn(*given)

            loop.learn = types.MethodType(stops, loop)
            loop.run(examples, examples[:2])
            return loop.named(), [row["loss"] for row in loop.rows]

        whole = start(MODELS / "whole")
        with self.assertRaises(KeyboardInterrupt):
            start(MODELS / "parts", stop=3)
        parts = start(MODELS / "parts")
        self.assertEqual(whole[1], parts[1])
        for name, parameter in whole[0].items():
            torch.testing.assert_close(parts[0][name], parameter, rtol=0, atol=0)
        settings["lr"] = 2e-3
        with self.assertRaisesRegex(SystemExit, "other settings"):
            start(MODELS / "parts")

    def test_projections_start_at_the_base(self):
        model = Base(BASE).model()
        before = reference(model, [5, 6, 7])
        adapters = [Adapter(run(name) / "adapter.gguf") for name in ["summarize", "translate-es"]]
        projection = Projection(model, *adapters, {"s": 3, "start": "random"})
        torch.testing.assert_close(reference(model, [5, 6, 7]), before)
        shapes = {shape: tuple(p1.shape) for shape, p1 in projection.p1.items()}
        # One for each (k, d) of the tiny model, wherever it occurs.
        self.assertEqual(shapes, {"256x256": (3, 256), "256x64": (3, 64), "256x512": (3, 512), "512x256": (3, 256)})
        saved = load_file(run("projection-en-es") / "projection.safetensors")
        self.assertEqual({key.split(".")[0] for key in saved}, set(shapes))


if __name__ == "__main__":
    unittest.main()
