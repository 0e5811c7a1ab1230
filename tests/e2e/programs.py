"""Runs the built programs the way a person does: arguments, standard input, exit status."""
import json
import os
import subprocess
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

BIN = Path(os.environ.get("MAYFLY_BIN", "build/dev/bin")).resolve()
WORKLOADS = Path(__file__).resolve().parent / "workloads"
CONSISTENT_NOT_HARDWARE_ATTESTED = 5  # verify-cert, on simulated evidence
run_seconds_max = 240


@dataclass
class Ran:
    status: int
    stdout: bytes
    stderr: str


def run(program: str, *arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None,
        environment: dict[str, str] | None = None) -> Ran:
    done = subprocess.run([BIN / program, *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=run_seconds_max, cwd=cwd, env=environment, check=False)
    return Ran(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def made(generator: Path, *arguments: str) -> bytes:
    """The bytes a workload's generator prints. Debian's Python, because scikit-learn is there."""
    command = ["/usr/bin/python3", "-B", str(generator), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


class EndToEnd(unittest.TestCase):
    """One scratch folder per test; it holds certificates and nothing else."""

    @classmethod
    def setUpClass(cls) -> None:
        missing = [name for name in ("mayfly", "mayfly-runner", "verify-cert")
                   if not (BIN / name).exists()]
        if missing:
            raise AssertionError(f"not built in {BIN}: {missing}")
        with tempfile.TemporaryDirectory(prefix="mayfly-e2e-") as scratch:
            machine = run("mayfly", "run", "--no-store", "-o", Path(scratch, "cert.json"), "-q",
                          "--", "true")
        if machine.status == 2 or machine.status > 100:
            raise AssertionError(f"mayfly run does not work at all: {machine.stderr}")
        if machine.status != 0:
            raise unittest.SkipTest(
                f"this machine cannot confine a job: {machine.stderr.strip()[-300:]}")

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mayfly-e2e-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def certify(self, *arguments: str | Path, dataset: bytes, status: int = 0,
                name: str = "cert.json") -> Path:
        """`mayfly run` with the dataset on standard input; returns the certificate's path."""
        path = self.scratch / name
        ran = run("mayfly", "run", "--no-store", "--dataset", "-", "-o", path, *arguments,
                  stdin=dataset)
        self.assertEqual(ran.status, status, f"{ran.stderr}\n{ran.stdout[-2000:]!r}")
        self.assertTrue(path.exists(), f"no certificate was written: {ran.stderr}")
        return path

    def verify(self, certificate: Path, *arguments: str | Path) -> Ran:
        return run("verify-cert", certificate, *arguments)

    def assert_consistent(self, certificate: Path) -> None:
        verdict = self.verify(certificate)
        self.assertEqual(verdict.status, CONSISTENT_NOT_HARDWARE_ATTESTED,
                         f"{verdict.stdout.decode()}\n{verdict.stderr}")


def load(certificate: Path) -> dict:
    return json.loads(certificate.read_bytes())


def claim_of(certificate: Path) -> dict:
    return load(certificate)["statement"]["predicate"]["claim"]
