"""Tests the width of comments in Rust, TypeScript, JavaScript, WGSL and CSS, which formatters leave as they are.

Python's are checked by ruff.
"""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COLUMNS = 120
COMMENT = re.compile(r"\s*(//|/?\*)|.*[;,{}] // ")


class Columns(unittest.TestCase):
    def test_no_comment_is_wider_than_120_columns(self):
        listed = ["git", "ls-files", "*.rs", "*.ts", "*.mjs", "*.wgsl", "*.css"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
        wide = [
            f"{name}:{number}"
            for name in names
            for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
            if len(line) > COLUMNS and COMMENT.match(line)
        ]
        self.assertTrue(names)
        self.assertFalse(wide, "wider:\n" + "\n".join(wide))


if __name__ == "__main__":
    unittest.main()
