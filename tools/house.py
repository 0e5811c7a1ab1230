"""What the checks share: the project's files and how a finding is printed."""
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# A check may be pointed at another tree, so that tests can show it able to fail.
ROOT = Path(os.environ.get("MAYFLY_CHECK_ROOT", Path(__file__).resolve().parent.parent))


def files(*suffixes: str) -> Iterator[Path]:
    """Files below ROOT with one of these suffixes, sorted; build output and vectors left out."""
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not skipped(here / name))
        for name in sorted(names):
            if name.endswith(suffixes):
                yield here / name


def skipped(folder: Path) -> bool:
    name = folder.name
    return (name.startswith("build") or name in (".git", "__pycache__", ".cache")
            or folder == ROOT / "tests" / "vectors")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def report(check: str, findings: Iterable[str]) -> int:
    """Prints each finding; returns the exit status."""
    found = list(findings)
    for finding in found:
        print(finding)
    if not found:
        print(f"{check}: clean")
    return 1 if found else 0


def exit_with(check: str, findings: Iterable[str]) -> None:
    sys.exit(report(check, findings))
