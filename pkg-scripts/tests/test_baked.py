"""pkg-scripts/baked with a stand-in for the program that bakes."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "baked"
# What the script calls of cargo: the arguments are kept, and the result has a part of each file that was given.
CARGO = """#!/bin/sh
echo "$@" >> "$0.calls"
while [ "$1" != bake ]; do shift; done
[ "$2 $4 $6 $8 ${10} ${12} ${14}" = "--model --from --to --primary --secondary --correction --out" ] &&
    { head -c 3 "$9"; head -c 3 "${11}"; tail -c 3 "${13}"; } > "${15}"
"""


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class BakedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        cargo = self.folder / "bin/cargo"
        cargo.write_text(CARGO)
        cargo.chmod(0o755)
        self.calls = cargo.with_name("cargo.calls")
        (self.folder / "small.gguf").write_bytes(b"a model")
        loras = [self.add("one", "lora", b"one", "one.gguf"), self.add("two", "lora", b"two", "two.gguf")]
        self.projection = self.add("both", "projection", self.safetensors(loras, b"P1P"), "both/projection.safetensors")
        models = [
            {"id": "tiny-3", "base": "tiny", "file": "small.gguf"},
            {"id": "tiny", "file": "tiny.gguf"},
            {"id": "other", "file": "other.gguf"},
        ]
        self.catalog = self.folder / "catalog.json"
        self.write({"models": models, "adapters": [*loras, self.projection, self.add("last", "lora", b"x", "x.gguf")]})

    def add(self, name, method, content, path):
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        task = {"task": "summarize-translate", "from": "de", "to": "en"}
        facts = {"method": method, "path": path, "bytes": len(content), "sha256": sha256(content)}
        return {"id": name, "base": "tiny"} | task | facts

    def safetensors(self, loras, data):
        adapters = json.dumps([{"name": entry["id"], "sha256": entry["sha256"]} for entry in loras])
        header = json.dumps({"__metadata__": {"adapters": adapters, "from": "de", "to": "en"}}).encode()
        return len(header).to_bytes(8, "little") + header + data

    def write(self, catalog):
        self.catalog.write_text(json.dumps(catalog))

    def read(self):
        return json.loads(self.catalog.read_text())

    def run_script(self, *arguments):
        environment = os.environ | {
            "POCKET_GIST_CATALOG": str(self.catalog),
            "POCKET_GIST_MODELS": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run([sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True)

    def assert_done(self, *arguments):
        result = self.run_script(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_refused(self, message):
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn(message, result.stderr)

    def test_writes_the_entry_of_a_projection_after_it_and_keeps_the_file(self):
        self.assert_done("--write")
        adapters = self.read()["adapters"]
        self.assertEqual([entry["id"] for entry in adapters], ["one", "two", "both", "both-baked", "last"])
        content = b"onetwoP1P"
        facts = {"id": "both-baked", "method": "baked", "path": "both/baked.safetensors"}
        facts |= {"bytes": len(content), "sha256": sha256(content)}
        self.assertEqual(adapters[3], self.projection | facts)
        self.assertEqual((self.folder / f"baked/{sha256(content)}.safetensors").read_bytes(), content)
        [call] = self.calls.read_text().splitlines()
        self.assertIn(f"--model {self.folder}/small.gguf --from de --to en", call)

    def test_writing_again_replaces_the_entry(self):
        self.assert_done("--write")
        before = self.read()
        self.assert_done("--write")
        self.assertEqual(self.read(), before)

    def test_makes_what_is_not_there_or_damaged_and_nothing_twice(self):
        self.assert_done("--write")
        [file] = (self.folder / "baked").iterdir()
        content = file.read_bytes()
        self.assert_done()
        self.assertEqual(len(self.calls.read_text().splitlines()), 1)
        for damage in [file.unlink, lambda: file.write_bytes(b"x")]:
            damage()
            self.assert_done()
            self.assertEqual(file.read_bytes(), content)

    def test_a_result_that_is_not_the_catalog_s_is_refused(self):
        self.assert_done("--write")
        catalog = self.read()
        catalog["adapters"][3]["sha256"] = "0" * 64
        self.write(catalog)
        self.assert_refused(f"instead of {'0' * 64}; if its projection is another now, run pkg-scripts/baked --write")

    def test_adapters_that_it_was_not_trained_with_are_refused(self):
        self.assert_done("--write")
        [file] = (self.folder / "baked").iterdir()
        file.unlink()
        catalog = self.read()
        catalog["adapters"][1]["sha256"] = "0" * 64
        self.write(catalog)
        self.assert_refused("both was trained with another two than the catalog has")

    def test_a_base_without_a_model_here_is_named(self):
        (self.folder / "small.gguf").unlink()
        result = self.run_script("--write")
        self.assertEqual(result.returncode, 1)
        self.assertIn(
            "no model for the adapters of tiny is on this machine; run pkg-scripts/models tiny", result.stderr
        )


if __name__ == "__main__":
    unittest.main()
