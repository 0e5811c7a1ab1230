"""Goal: the documentation is true. Method: each document's blocks marked <!-- run --> are run in
order, in one scratch folder per document, and must end with the status they state."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import BIN, EndToEnd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import check_docs  # noqa: E402
import house  # noqa: E402

block_seconds_max = 120


class Documentation(EndToEnd):
    def run_document(self, document: Path) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        environment = {**os.environ, "PATH": f"{BIN}:/usr/bin:/bin",
                       "MAYFLY_STATE": str(folder / "state")}
        for block in check_docs.shell_blocks(document):
            if not block.is_run:
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=folder,
                                  env=environment, capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=block_seconds_max)
            self.assertEqual(done.returncode, block.exit_status,
                             f"{house.shown(document)}:{block.line}\n{done.stdout}\n{done.stderr}")

    def test_every_block_does_what_it_says(self):
        ran = 0
        for document in check_docs.documents():
            with self.subTest(document=house.shown(document)):
                self.run_document(document)
                ran += sum(block.is_run for block in check_docs.shell_blocks(document))
        self.assertGreater(ran, 0, "no document has a block to run")
