"""pkg-scripts/models against a server of this test's own."""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "models"
CONTENT = bytes(range(256)) * 1000
TRIMMED = CONTENT[:1000] + b"3-7"
# What the script calls of cargo: the arguments are kept, and the result has a part of the model and the list.
CARGO = """#!/bin/sh
echo "$@" >> "$0.calls"
while [ "$1" != trim ]; do shift; done
[ "$3 $5" = "--keep --out" ] && { head -c 1000 "$2"; cat "$4"; } > "$6"
"""


class Server(http.server.BaseHTTPRequestHandler):
    requests = []
    sends = len(CONTENT)  # how many bytes the first answer has before the connection is closed

    def do_GET(self):
        wanted = self.headers.get("Range")
        Server.requests.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:] if len(Server.requests) > 1 else CONTENT[start : Server.sends])

    def log_message(self, *_):
        pass


class ModelsTest(unittest.TestCase):
    def setUp(self):
        Server.requests = []
        Server.sends = len(CONTENT)
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        self.model = {
            "id": "tiny",
            "file": "tiny.gguf",
            "bytes": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "sources": [{"kind": "url", "url": f"http://127.0.0.1:{self.server.server_port}/tiny"}],
        }
        self.trimmed = {
            "id": "tiny-3",
            "file": "tiny-3.gguf",
            "bytes": len(TRIMMED),
            "sha256": hashlib.sha256(TRIMMED).hexdigest(),
            "sources": [{"kind": "trim", "model": "tiny", "keep": "lists/tiny-3.txt"}],
        }
        (self.folder / "lists").mkdir()
        (self.folder / "lists/tiny-3.txt").write_text("3-7")

    def run_script(self, *names, path=os.environ["PATH"]):
        catalog = self.folder / "catalog.json"
        catalog.write_text(json.dumps({"models": [self.trimmed, self.model]}))
        environment = os.environ | {
            "POCKET_GIST_CATALOG": str(catalog),
            "POCKET_GIST_MODELS": str(self.folder),
            "PATH": f"{self.programs}{os.pathsep}{path}",
        }
        return subprocess.run([sys.executable, SCRIPT, *names], env=environment, capture_output=True, text=True)

    def test_a_model_is_fetched_once(self):
        self.assertEqual(self.run_script("tiny").returncode, 0)
        self.assertEqual((self.folder / "tiny.gguf").read_bytes(), CONTENT)
        self.assertEqual(self.run_script("tiny").returncode, 0)
        self.assertEqual(Server.requests, [None])

    def test_a_wrong_hash_stops_with_both_hashes(self):
        right = self.model["sha256"]
        self.model["sha256"] = "0" * 64
        result = self.run_script("tiny")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"has sha256 {right} instead of {'0' * 64}", result.stderr)
        self.assertFalse((self.folder / "tiny.gguf").exists())

    def test_a_file_that_changed_is_checked_again(self):
        self.assertEqual(self.run_script("tiny").returncode, 0)
        (self.folder / "tiny.gguf").write_bytes(CONTENT[:-1] + b"x")
        result = self.run_script("tiny")
        self.assertEqual(result.returncode, 1)
        self.assertIn(self.model["sha256"], result.stderr)

    def test_an_interrupted_fetch_goes_on(self):
        parts = self.folder / "tiny.parts"
        parts.mkdir()
        (parts / "whole").write_bytes(CONTENT[:1000])
        self.assertEqual(self.run_script("tiny").returncode, 0)
        self.assertEqual(Server.requests, ["bytes=1000-"])
        self.assertEqual((self.folder / "tiny.gguf").read_bytes(), CONTENT)

    def test_a_connection_closed_early_is_no_end_of_file(self):
        # Without length and hash in the catalog nothing else would notice.
        self.model |= {"bytes": None, "sha256": None}
        Server.sends = 1000
        result = self.run_script("tiny")
        self.assertEqual(result.returncode, 1)
        self.assertIn("bytes early; run this again", result.stderr)
        self.assertFalse((self.folder / "tiny.gguf").exists())
        self.assertEqual(self.run_script("tiny").returncode, 0)
        self.assertEqual(Server.requests, [None, "bytes=1000-"])
        self.assertEqual((self.folder / "tiny.gguf").read_bytes(), CONTENT)

    def give_cargo(self):
        """Puts a stand-in for cargo first in the path, and returns where its calls are."""
        cargo = self.programs / "cargo"
        cargo.write_text(CARGO)
        cargo.chmod(0o755)
        return cargo.with_name("cargo.calls")

    def test_a_trimmed_model_is_made_once_of_the_whole_one(self):
        calls = self.give_cargo()
        for _ in range(2):
            result = self.run_script("tiny-3")
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "tiny-3.gguf").read_bytes(), TRIMMED)
        self.assertEqual((self.folder / "tiny.gguf").read_bytes(), CONTENT)
        self.assertEqual(Server.requests, [None])
        [call] = calls.read_text().splitlines()
        self.assertTrue(call.startswith("run --quiet --release --bin gist -- trim "), call)

    def test_a_model_trimmed_by_another_list_is_made_again(self):
        calls = self.give_cargo()
        (self.folder / "tiny-3.gguf").write_bytes(TRIMMED[:-1] + b"6")
        result = self.run_script("tiny-3")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "tiny-3.gguf").read_bytes(), TRIMMED)
        self.assertEqual(len(calls.read_text().splitlines()), 1)

    def test_a_result_of_trimming_that_is_not_the_catalog_s_is_refused(self):
        self.give_cargo()
        (self.folder / "lists/tiny-3.txt").write_text("3-6")
        result = self.run_script("tiny-3")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"instead of {self.trimmed['sha256']}", result.stderr)
        self.assertFalse((self.folder / "tiny-3.gguf").exists())

    def test_trimming_without_cargo_says_what_is_missing(self):
        result = self.run_script("tiny-3", path="")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cargo is missing", result.stderr)

    def test_an_unknown_model_is_named(self):
        result = self.run_script("huge")
        self.assertEqual(result.returncode, 1)
        self.assertIn("there is no model huge; the catalog has tiny-3, tiny", result.stderr)


if __name__ == "__main__":
    unittest.main()
