#!/usr/bin/env python3
"""Each test named in SPECIFICATION.md exists, and each row names a test or says "no test yet"."""
import re

import house

ROW = re.compile(r"^\|\s*([A-Z]+-\d+)\s*\|(.*)\|\s*$")
GTEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
CTEST = re.compile(r"(?:mayfly_test|mayfly_python_test|mayfly_fuzz|NAME)[( ]\s*(\w+)")


def existing_tests() -> set[str]:
    names = set()
    for path in house.files(".cpp"):
        names |= {f"{suite}.{case}" for suite, case in GTEST.findall(path.read_text())}
    for path in house.files("_test.py"):
        suite = ""
        for line in path.read_text().splitlines():
            if match := re.match(r"class (\w+)", line):
                suite = match[1]
            elif match := re.match(r"    def (test_\w+)", line):
                names.add(f"{suite}.{match[1]}")
    for path in house.files("CMakeLists.txt"):
        names |= set(CTEST.findall(path.read_text()))
    return names | {"house_layers", "house_tidy", "house_specification", "house_docs",
                    "house_vectors"}


def check(names: set[str]):
    seen = set()
    lines = (house.ROOT / "SPECIFICATION.md").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        match = ROW.match(line)
        if not match:
            continue
        where, cells = f"SPECIFICATION.md:{number}: {match[1]}", match[2].split("|")
        if match[1] in seen:
            yield f"{where}: this number is used twice"
        seen.add(match[1])
        tests = re.findall(r"`([^`]+)`", cells[-1])
        if not tests and "no test yet" not in cells[-1]:
            yield f'{where}: names no test; write "no test yet" where that is true'
        for test in tests:
            if test not in names:
                yield f"{where}: there is no test {test}"
    if not seen:
        yield "SPECIFICATION.md: has no rows"


if __name__ == "__main__":
    house.exit_with("check_specification", check(existing_tests()))
