"""Goal: configure stops on an arrow that points the wrong way. Method: a project of two layers
with the real mayfly_layer(), once in the right order and once not."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent


class MayflyLayer(unittest.TestCase):
    def configure(self, layers: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory(prefix="mayfly-arrow-") as scratch:
            Path(scratch, "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(arrows LANGUAGES NONE)\n"
                f"include({SOURCE}/cmake/mayfly_layer.cmake)\n"
                "add_library(mayfly_options INTERFACE)\n" + layers)
            return subprocess.run(["cmake", "-S", scratch, "-B", f"{scratch}/build"], text=True,
                                  capture_output=True, check=False, env=dict(os.environ))

    def test_accepts_an_arrow_to_a_layer_above(self):
        done = self.configure("mayfly_layer(base)\nmayfly_layer(crypto MAY_USE base)\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_refuses_an_arrow_to_a_layer_below(self):
        done = self.configure("mayfly_layer(base MAY_USE crypto)\nmayfly_layer(crypto)\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the arrow base -> crypto points the wrong way",
                      " ".join(done.stderr.split()))

    def test_refuses_a_library_that_belongs_to_another_layer(self):
        done = self.configure("mayfly_layer(base LIBRARIES PkgConfig::OPENSSL)\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not allowed in this layer", " ".join(done.stderr.split()))
