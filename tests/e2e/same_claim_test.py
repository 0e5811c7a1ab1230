"""Same inputs, same claim: the promise, over many runs, beside other work, and two at a time.

MAYFLY_CLAIM_RUNS: how often each workload runs (`./dev test --all`: 100).
"""
import concurrent.futures
import os
import subprocess
import sys
import unittest
from pathlib import Path

from programs import BIN, EndToEnd, WORKLOADS, load, made, run_seconds_max

RUNS = int(os.environ.get("MAYFLY_CLAIM_RUNS", "4"))
D1, D2, D3 = (WORKLOADS / name for name in ("d1", "d2", "d3"))

# Several processes at once, whose order is chance: a pipeline, background jobs, random names.
PIPELINE = """
cut -d, -f1 "$DATASET_PATH" | sort | uniq -c | sort -rn | head -5 > counts.txt &
grep -c , "$DATASET_PATH" > lines.txt &
t=$(mktemp); tail -n +2 "$DATASET_PATH" | tr , '\\n' > "$t" &
wait
python3 -c 'import multiprocessing as m
with m.Pool(3) as pool: print(sum(pool.map(len, open("counts.txt").readlines())))' >&2
printf '{"lines": %d, "top": %d}\\n' "$(cat lines.txt)" "$(wc -l < counts.txt)"
"""


class SameClaim(EndToEnd):
    def claim_hash(self, name: str, dataset: bytes, arguments: tuple) -> str:
        path = self.scratch / f"{name}.json"
        done = subprocess.run(
            [BIN / "mayfly", "run", "--no-store", "-q", "--dataset", "-", "--dataset-format", "csv",
             "-o", path, *map(str, arguments)],
            input=dataset, capture_output=True, timeout=run_seconds_max, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return load(path)["claim_hash"]

    def busy(self) -> None:
        """Two more processes that want every processor, until the test ends."""
        for _ in range(2):
            load_maker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(load_maker.wait)
            self.addCleanup(load_maker.kill)

    def check(self, dataset: bytes, *arguments: str | Path) -> None:
        hashes = {self.claim_hash(str(n), dataset, arguments) for n in range(RUNS // 2)}
        self.busy()
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            hashes |= set(two.map(lambda n: self.claim_hash(str(n), dataset, arguments),
                                  range(RUNS // 2, RUNS)))
        self.assertEqual(len(hashes), 1, f"{RUNS} runs gave {len(hashes)} claims")

    def test_d1_a_benchmark(self):
        if not Path("/usr/lib/python3/dist-packages/sklearn").exists():
            self.skipTest("no scikit-learn: apt-get install python3-sklearn")
        self.check(made(D1 / "generate.py"), "--memory", "1g", "--script", D1 / "benchmark.py")

    def test_d2_a_scan(self):
        self.check(made(D2 / "generate.py", "--pii", "37"), "--script", D2 / "pii_scanner.py")

    def test_d3_a_compiled_program(self):
        self.check(made(D2 / "generate.py", "--pii", "0")[:300_000], "--script", D3 / "fnv.c")

    def test_processes_in_an_order_of_chance(self):
        script = self.scratch / "main.sh"
        script.write_text(PIPELINE)
        self.check(made(D2 / "generate.py", "--pii", "0")[:300_000], "--script", script)


if __name__ == "__main__":
    unittest.main()
