"""pkg-scripts/verify.mjs on a made-up page."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "verify.mjs"
PIECES = [b"first piece", b"second"]
ADAPTER = b"an adapter"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class VerifyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.models = self.folder / "page/models"
        (self.models / "tiny").mkdir(parents=True)
        whole = b"".join(PIECES)
        model = {"id": "tiny", "bytes": len(whole), "sha256": sha256(whole), "sources": [{"kind": "url"}]}
        other = {"id": "other", "bytes": 1, "sha256": "", "sources": [{"kind": "url"}]}
        adapters = [{"id": "tiny/one", "base": "tiny", "path": "one.gguf", "sha256": sha256(ADAPTER)}]
        self.catalog = {"models": [model, other], "adapters": adapters}
        hosted = {"sources": [{"kind": "shards", "manifest": "tiny/manifest.json"}]}
        built = self.catalog | {"models": [model | hosted, other]}
        (self.models / "catalog.json").write_text(json.dumps(built))
        (self.models / "one.gguf").write_bytes(ADAPTER)
        shards = [{"path": f"{i:03}.bin", "sha256": sha256(piece)} for i, piece in enumerate(PIECES)]
        for shard, piece in zip(shards, PIECES, strict=True):
            (self.models / "tiny" / shard["path"]).write_bytes(piece)
        self.manifest = {"bytes": len(whole), "sha256": sha256(whole), "shards": shards}

    def verify(self):
        (self.models / "tiny/manifest.json").write_text(json.dumps(self.manifest))
        catalog = self.folder / "catalog.json"
        catalog.write_text(json.dumps(self.catalog))
        environment = os.environ | {"POCKET_GIST_CATALOG": str(catalog)}
        command = ["node", SCRIPT, self.folder / "page"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def assert_refused(self, message):
        result = self.verify()
        self.assertEqual(result.returncode, 1)
        self.assertIn(message, result.stderr)

    def test_what_the_catalog_has_passes(self):
        result = self.verify()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("tiny is the catalog's, in 2 pieces", result.stdout)

    def test_a_changed_piece_is_named(self):
        (self.models / "tiny/001.bin").write_bytes(b"sec0nd")
        self.assert_refused("the hash of tiny/001.bin")

    def test_another_model_is_no_match_although_its_manifest_is_right(self):
        self.catalog["models"][0]["sha256"] = sha256(b"another")
        self.assert_refused("the hash of tiny is")

    def test_a_changed_adapter_of_another_model_that_this_one_takes_is_named(self):
        self.catalog["models"][0]["base"] = "whole"
        self.catalog["adapters"][0] |= {"id": "whole/one", "base": "whole"}
        self.assertIn("its 1 adapters are the catalog's", self.verify().stdout)
        (self.models / "one.gguf").write_bytes(b"an Adapter")
        self.assert_refused("the hash of whole/one")

    def test_a_changed_adapter_is_named(self):
        (self.models / "one.gguf").write_bytes(b"an Adapter")
        self.assert_refused("the hash of tiny/one")


if __name__ == "__main__":
    unittest.main()
