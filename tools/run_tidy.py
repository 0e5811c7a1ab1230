#!/usr/bin/env python3
"""clang-tidy over the sources outside tests/ and bench/, newest first, as far as the time goes.

A file that was clean is not looked at again until it, anything it includes from this project, its
compile command or .clang-tidy changes. What did not fit is named, and the exit status is 1.
"""
import argparse
import concurrent.futures
import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import house

BUILD = house.ROOT / "build" / "tidy"
CLEAN = BUILD / "clean"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def with_includes(source: Path, seen: set[Path]) -> set[Path]:
    """The file and all of this project that it includes (includes are relative to the root)."""
    if source in seen or not source.exists():
        return seen
    seen.add(source)
    for header in INCLUDE.findall(source.read_text()):
        with_includes(house.ROOT / header, seen)
    return seen


def fingerprint(source: Path, command: str) -> str:
    digest = hashlib.sha256(command.encode())
    for path in [house.ROOT / ".clang-tidy", *sorted(with_includes(source, set()))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def pending() -> list[tuple[Path, Path]]:
    """(source, mark to leave when it is clean), newest first."""
    CLEAN.mkdir(parents=True, exist_ok=True)
    work = []
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = Path(entry["directory"], entry["file"]).resolve()
        top = house.shown(source).split("/")[0] if source.is_relative_to(house.ROOT) else "build"
        if top in ("tests", "bench", "build"):
            continue
        mark = CLEAN / fingerprint(source, entry["command"])
        if not mark.exists():
            work.append((source, mark))
    return sorted(set(work), key=lambda item: -item[0].stat().st_mtime)


def tidy(source: Path, mark: Path, deadline: float) -> str | None:
    """None when clean, else what to print; "" when there was no time."""
    left = deadline - time.monotonic()
    if left <= 1:
        return ""
    try:
        done = subprocess.run(["clang-tidy-19", "-quiet", "-p", BUILD, source], timeout=left,
                              capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return ""
    if done.returncode == 0 and "warning:" not in done.stdout:
        mark.touch()
        return None
    return done.stdout or done.stderr


NOT_WHOLLY_RUN = 75  # nothing wrong was found, but the time was up before everything was looked at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=780)
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    work = pending()
    not_looked_at, dirty = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = pool.map(lambda item: tidy(*item, deadline), work)
        for (source, _), outcome in zip(work, outcomes):
            if outcome == "":
                not_looked_at.append(house.shown(source))
            elif outcome is not None:
                dirty += 1
                print(outcome)
    print(f"clang-tidy: looked at {len(work) - len(not_looked_at)} changed files, {dirty} with "
          f"findings")
    if not_looked_at:
        print(f"clang-tidy: OUT OF TIME after {options.seconds} s; run it again to go on with:\n  "
              + "\n  ".join(not_looked_at))
    if dirty:
        return 1
    return NOT_WHOLLY_RUN if not_looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
