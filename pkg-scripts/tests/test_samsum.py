"""That a copy of SAMSum becomes files of dialogues (pkg-scripts/train/samsum.py)."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "train/samsum.py"
ROWS = {
    "train": [("1", "Ana: hi\r\nBo: hello\r\nthere", "They greet."), ("2", "Bo: late: again", "Bo is late.")],
    "val": [("3", "Ana: hi\nBo: hello\nthere", "They say hi."), ("4", "Bo: no", "No.")],
    "test": [("5", "Ana: what?", "A question."), ("6", "  ", "Nothing.")],
}


class Samsum(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.samsum, self.out = pathlib.Path(temporary.name) / "samsum", pathlib.Path(temporary.name) / "out"
        self.samsum.mkdir()
        for split, rows in ROWS.items():
            published = [{"id": i, "dialogue": dialogue, "summary": summary} for i, dialogue, summary in rows]
            (self.samsum / f"{split}.json").write_text(json.dumps(published))
            translated = [{"id": i, "summary": f"es {summary}"} for i, _, summary in rows if i != "5"]
            (self.samsum / f"{split}.es.jsonl").write_text("".join(json.dumps(row) + "\n" for row in translated))

    def convert(self):
        command = [sys.executable, SCRIPT, self.samsum, self.out, "--to", "es"]
        return subprocess.run(command, capture_output=True, text=True)

    def test_messages_and_both_summaries_are_kept(self):
        self.assertEqual(self.convert().returncode, 0)
        first, second = map(json.loads, (self.out / "train.jsonl").read_text().splitlines())
        turns = [{"speaker": "Ana", "text": "hi"}, {"speaker": "Bo", "text": "hello\nthere"}]
        self.assertEqual(first["turns"], turns)
        self.assertEqual(first["summary"], {"en": "They greet.", "es": "es They greet."})
        self.assertEqual(second["turns"], [{"speaker": "Bo", "text": "late: again"}])

    def test_what_train_has_too_or_what_lacks_something_is_dropped_and_counted(self):
        said = self.convert().stdout
        self.assertEqual([json.loads(line)["id"] for line in (self.out / "val.jsonl").read_text().splitlines()], ["4"])
        self.assertEqual((self.out / "test.jsonl").read_text(), "")
        self.assertIn("val: 1 dialogues; dropped: 1 that occur in train, 0 that lack", said)
        self.assertIn("test: 0 dialogues; dropped: 0 that occur in train, 2 that lack", said)

    def test_a_missing_file_is_named(self):
        (self.samsum / "val.es.jsonl").unlink()
        answer = self.convert()
        self.assertEqual(answer.returncode, 1)
        self.assertIn("val.es.jsonl missing; see samsum.py --help", answer.stderr)


if __name__ == "__main__":
    unittest.main()
