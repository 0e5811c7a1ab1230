#!/usr/bin/env python3
"""Counts what ran, says what failed and what was skipped and why, and ends with one plain line:
`N passed, N failed, N skipped`. Exit status 0 only if something passed and nothing failed.

A results folder holds ctest.xml (one entry per program), one <program>.xml per GoogleTest or
Python test program (one entry per case), and <name>.passed / <name>.failed marks of fuzz targets.
"""
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Summary:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def last_line(text: str | None) -> str:
    """The reason of a skip: the last line that says something (the first names file and line)."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def count_cases(path: Path, summary: Summary) -> int:
    """Counts the cases of one program; returns how many of them failed."""
    failures = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            summary.failed.append(name)
            failures += 1
        elif skipped is not None or case.get("result") == "skipped":
            reason = skipped.get("message") if skipped is not None else ""
            summary.skipped.append(f"{name}: {last_line(reason)}")
        elif case.get("status") != "notrun":
            summary.passed += 1
    return failures


def is_stated_skip(entry: ElementTree.Element) -> bool:
    """The program itself said that it skips; one that is missing or disabled said nothing."""
    mark = entry.find("skipped")
    return mark is not None and mark.get("message", "").startswith("SKIP_")


def count_programs(path: Path, summary: Summary) -> None:
    """One entry per program. Its own report, where there is one, counts instead of the entry."""
    for entry in ElementTree.parse(path).getroot().iter("testcase"):
        name, status = entry.get("name", "?"), entry.get("status")
        own = path.parent / f"{name}.xml"
        try:
            failures = count_cases(own, summary) if own.exists() else None
        except ElementTree.ParseError:
            failures = None  # Died while writing its report; the entry says so.
        if status == "run":
            summary.passed += 1 if failures is None else 0
        elif status == "notrun" and is_stated_skip(entry):
            summary.skipped.append(f"{name}: {last_line(entry.findtext('system-out'))}")
        elif status == "fail" and failures:
            pass  # Counted case by case.
        elif status == "fail":
            why = "it failed" if failures is None else "crash, leak or timeout outside its cases"
            summary.failed.append(f"{name} ({why}; its output is above)")
        else:
            summary.failed.append(f"{name} ({status}: {last_line(entry.findtext('system-out'))})")


def main(folders: list[str]) -> int:
    summary = Summary()
    for folder in map(Path, folders):
        if (folder / "ctest.xml").exists():
            count_programs(folder / "ctest.xml", summary)
        elif not list(folder.glob("*.passed")) + list(folder.glob("*.failed")):
            whole = folder / "failed"
            summary.failed.append(whole.read_text().strip() if whole.exists() else
                                  f"{folder}: nothing was run")
        summary.passed += len(list(folder.glob("*.passed")))
        summary.failed += [f"{mark.stem} ({mark})" for mark in sorted(folder.glob("*.failed"))]
    if summary.skipped:
        print("\nSkipped:")
        for line in summary.skipped:
            print(f"  {line}")
    if summary.failed:
        print("\nFailed:")
        for line in summary.failed:
            print(f"  {line}")
    failed, skipped = len(summary.failed), len(summary.skipped)
    print(f"\n{summary.passed} passed, {failed} failed, {skipped} skipped")
    return 0 if summary.passed and not summary.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
