#!/usr/bin/env python3
"""Runs one unittest file and reports its cases like a GoogleTest program does.

Usage: run_unittest.py NAME FILE.  With MAYFLY_TEST_RESULTS set, writes NAME.xml into that folder
(read by test_summary.py). Exit status 0 only if something ran or was skipped with a reason, and
nothing failed.
"""
import importlib.util
import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path


class CaseRecorder(unittest.TextTestResult):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cases: list[tuple[unittest.TestCase, str, str]] = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.cases.append((test, "passed", ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.cases.append((test, "failure", str(err[1])))

    def addError(self, test, err):
        super().addError(test, err)
        self.cases.append((test, "failure", repr(err[1])))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.cases.append((test, "skipped", reason))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.cases.append((test, "failure", f"{subtest.id()}: {err[1]}"))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.cases.append((test, "failure", "was expected to fail"))


def write_report(name: str, cases, folder: str) -> None:
    root = ElementTree.Element("testsuites", name=name)
    for test, outcome, text in cases:
        case = ElementTree.SubElement(
            root, "testcase", classname=type(test).__name__,
            name=getattr(test, "_testMethodName", str(test)))
        if outcome != "passed":
            ElementTree.SubElement(case, outcome, message=text)
    ElementTree.ElementTree(root).write(Path(folder) / f"{name}.xml", encoding="unicode")


def main(name: str, file: str) -> int:
    sys.path.insert(0, str(Path(file).resolve().parent))
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    outcome = unittest.TextTestRunner(verbosity=2, resultclass=CaseRecorder).run(suite)
    if folder := os.environ.get("MAYFLY_TEST_RESULTS"):
        write_report(name, outcome.cases, folder)
    if not outcome.cases:
        print(f"{name}: no test case ran")
    return 0 if outcome.cases and outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
