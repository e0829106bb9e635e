"""Tests that every script that is called by hand says how."""

import pathlib
import subprocess
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
NAMES = ["build", "check", "fuzz", "models", "run", "test", "train/all", "wasm", "words"]


class Help(unittest.TestCase):
    def test_help_is_printed_from_any_folder_and_nothing_else_is_done(self):
        for name in NAMES:
            with self.subTest(name):
                command = [SCRIPTS / name, "--help"]
                done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"pkg-scripts/{name}", done.stdout)


if __name__ == "__main__":
    unittest.main()
