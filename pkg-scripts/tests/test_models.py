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
        self.model = {
            "id": "tiny",
            "file": "tiny.gguf",
            "bytes": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "sources": [{"kind": "url", "url": f"http://127.0.0.1:{self.server.server_port}/tiny"}],
        }

    def run_script(self, *names):
        catalog = self.folder / "catalog.json"
        catalog.write_text(json.dumps({"models": [self.model]}))
        environment = os.environ | {"POCKET_GIST_CATALOG": str(catalog), "POCKET_GIST_MODELS": str(self.folder)}
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

    def test_an_unknown_model_is_named(self):
        result = self.run_script("huge")
        self.assertEqual(result.returncode, 1)
        self.assertIn("there is no model huge; the catalog has tiny", result.stderr)


if __name__ == "__main__":
    unittest.main()
