#!/usr/bin/env python3
"""clang-tidy over the sources outside tests/ and bench/, newest first, as far as the time goes.

A file that was clean is not looked at again until it, anything it includes from this project, its
compile command or .clang-tidy changes. What did not fit is named, and the exit status is 1.
"""
import argparse
import bisect
import concurrent.futures
import hashlib
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import house

BUILD = house.ROOT / "build" / "tidy"
CLEAN = BUILD / "clean"
BATCHES = BUILD / "batches"
FILES_AT_ONCE = 8
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def with_includes(source: Path, seen: set[Path]) -> set[Path]:
    """The file and all of this project that it includes (includes are relative to the root)."""
    if source in seen or not source.exists():
        return seen
    seen.add(source)
    for header in INCLUDE.findall(source.read_text()):
        with_includes(house.ROOT / header, seen)
    return seen


def fingerprint(source: Path, flags: list[str]) -> str:
    digest = hashlib.sha256("\0".join(flags).encode())
    for path in [house.ROOT / ".clang-tidy", *sorted(with_includes(source, set()))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def target_and_flags(entry: dict) -> tuple[str, list[str]]:
    words = shlex.split(entry["command"])[1:]
    output = words.index("-o")
    target = words[output + 1].split(".dir/")[0]
    compiled = words.index("-c")
    return target, words[:min(output, compiled)]


class Batch:
    """Files of one target that are looked at as one: their headers are read once. As one text, not
    by #include, because clang's analyzer follows the paths of the main file's functions only."""

    def __init__(self, sources: list[tuple[Path, Path]], flags: list[str]):
        self.sources = [source for source, _ in sources]
        self.marks = [mark for _, mark in sources]
        self.flags = flags
        self.starts = []  # of each source, as line numbers of the text

    def shown(self) -> list[str]:
        return [house.shown(source) for source in self.sources]

    def text(self) -> str:
        lines: list[str] = []
        self.starts = []
        for source in self.sources:
            lines.append(f'#line 1 "{source}"')
            self.starts.append(len(lines))
            lines += source.read_text().splitlines()
        return "\n".join(lines) + "\n"

    def in_sources(self, output: str, path: Path) -> str:
        """Each place in the text as one in its file."""
        def place(match: re.Match) -> str:
            line = int(match[1])
            at = bisect.bisect_left(self.starts, line) - 1
            return f"{house.shown(self.sources[at])}:{line - self.starts[at]}:"
        return re.sub(re.escape(str(path)) + r":(\d+):", place, output)

    def look(self, deadline: float) -> str | None:
        """None when clean, else what to print; "" when there was no time."""
        left = deadline - time.monotonic()
        if left <= 1:
            return ""
        BATCHES.mkdir(exist_ok=True)
        path = BATCHES / (self.marks[0].name + ".cpp")
        path.write_text(self.text())
        try:
            done = subprocess.run(
                ["clang-tidy-19", "-quiet", f"--config-file={house.ROOT / '.clang-tidy'}", path,
                 "--", *self.flags], timeout=left, capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            path.unlink()
        if done.returncode == 0 and "warning:" not in done.stdout:
            for mark in self.marks:
                mark.touch()
            return None
        return self.in_sources(done.stdout or done.stderr, path)


def pending() -> list[Batch]:
    """What was not clean yet as it is now, newest first."""
    CLEAN.mkdir(parents=True, exist_ok=True)
    by_target: dict = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = Path(entry["directory"], entry["file"]).resolve()
        top = house.shown(source).split("/")[0] if source.is_relative_to(house.ROOT) else "build"
        if top in ("tests", "bench", "build"):
            continue
        target, flags = target_and_flags(entry)
        mark = CLEAN / fingerprint(source, flags)
        if not mark.exists():
            by_target.setdefault((target, *flags), {})[source] = mark
    batches = []
    seen = set()
    for (_, *flags), files in by_target.items():
        work = sorted((item for item in files.items() if item[1] not in seen),
                      key=lambda item: -item[0].stat().st_mtime)
        seen.update(mark for _, mark in work)
        batches += [Batch(work[i:i + FILES_AT_ONCE], flags)
                    for i in range(0, len(work), FILES_AT_ONCE)]
    return sorted(batches, key=lambda batch: -batch.sources[0].stat().st_mtime)


NOT_WHOLLY_RUN = 75  # nothing wrong was found, but the time was up before everything was looked at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=780)
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    work = pending()
    looked_at, not_looked_at, dirty = 0, [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = pool.map(lambda batch: batch.look(deadline), work)
        for batch, outcome in zip(work, outcomes):
            if outcome == "":
                not_looked_at += batch.shown()
                continue
            looked_at += len(batch.sources)
            if outcome is not None:
                dirty += 1
                print(outcome)
    print(f"clang-tidy: looked at {looked_at} changed files in {len(work)} batches, "
          f"{dirty} of them with findings")
    if not_looked_at:
        print(f"clang-tidy: OUT OF TIME after {options.seconds} s; run it again to go on with:\n  "
              + "\n  ".join(not_looked_at))
    if dirty:
        return 1
    return NOT_WHOLLY_RUN if not_looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
