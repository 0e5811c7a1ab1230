"""What root can do, an ordinary user can: the command line's tests again, without root."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["MAYFLY_BIN"])
ORDINARY_USER = 1000


class AsUser(unittest.TestCase):
    def test_everything_works_without_root(self):
        if os.geteuid() != 0:
            self.skipTest("not root: cli_test already ran as an ordinary user")
        with tempfile.TemporaryDirectory(prefix="mayfly-user-") as folder:
            # The build folder may be closed to others; the copy is not.
            os.chmod(folder, 0o755)
            for name in ("mayfly", "mayfly-runner", "verify-cert"):
                shutil.copy(BIN / name, folder)
            for file in ("cli_test.py", "outputs_test.py"):
                shutil.copy(Path(__file__).parent / file, folder)
            for file in ("cli_test.py", "outputs_test.py"):
                with self.subTest(file=file):
                    self.passes(folder, file)

    def passes(self, folder, file):
        done = subprocess.run(
            [
                "setpriv",
                f"--reuid={ORDINARY_USER}",
                f"--regid={ORDINARY_USER}",
                "--clear-groups",
                sys.executable,
                "-B",
                f"{folder}/{file}",
            ],
            capture_output=True,
            timeout=280,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "MAYFLY_BIN": folder},
        )
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-4000:])
        self.assertIn(b"\nOK", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
