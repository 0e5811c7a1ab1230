"""Goal: the closing line of a test run never hides a failure. Method: results folders by hand."""
import subprocess
import tempfile
import unittest
from pathlib import Path

SUMMARY = Path(__file__).resolve().parent.parent.parent / "tools" / "test_summary.py"


class TestSummary(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mayfly-summary-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def programs(self, *entries: str) -> None:
        (self.folder / "ctest.xml").write_text(f"<testsuite>{''.join(entries)}</testsuite>")

    def cases(self, program: str, *cases: str) -> None:
        (self.folder / f"{program}.xml").write_text(f"<testsuites>{''.join(cases)}</testsuites>")

    def assert_summary(self, closing_line: str, status: int) -> str:
        done = subprocess.run(["/usr/bin/python3", "-B", SUMMARY, self.folder], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines()[-1], closing_line)
        self.assertEqual(done.returncode, status)
        return done.stdout

    def test_counts_cases_where_there_are_any_and_programs_elsewhere(self):
        self.programs('<testcase name="a" status="run"/>', '<testcase name="b" status="run"/>')
        self.cases("a", '<testcase classname="A" name="One" status="run"/>',
                   '<testcase classname="A" name="Two" status="run"/>')
        self.assert_summary("3 passed, 0 failed, 0 skipped", 0)

    def test_a_failed_case_fails_the_run(self):
        self.programs('<testcase name="a" status="fail"/>')
        self.cases("a", '<testcase classname="A" name="One" status="run"/>',
                   '<testcase classname="A" name="Two"><failure message="no"/></testcase>')
        self.assertIn("A.Two", self.assert_summary("1 passed, 1 failed, 0 skipped", 1))

    def test_a_crash_after_the_cases_passed_fails_the_run(self):
        self.programs('<testcase name="a" status="fail"/>')
        self.cases("a", '<testcase classname="A" name="One" status="run"/>')
        self.assert_summary("1 passed, 1 failed, 0 skipped", 1)

    def test_a_report_that_breaks_off_fails_the_run(self):
        self.programs('<testcase name="a" status="fail"/>')
        (self.folder / "a.xml").write_text("<testsuites><testcase")
        self.assert_summary("0 passed, 1 failed, 0 skipped", 1)

    def test_a_skip_is_counted_with_its_reason(self):
        self.programs('<testcase name="a" status="run"/>',
                      '<testcase name="b" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
                      "<system-out>SKIPPED: no TPM</system-out></testcase>")
        self.cases("a", '<testcase classname="A" name="One" status="run"/>',
                   '<testcase classname="A" name="Two"><skipped message="no TEE"/></testcase>')
        text = self.assert_summary("1 passed, 0 failed, 2 skipped", 0)
        self.assertIn("A.Two: no TEE", text)
        self.assertIn("b: SKIPPED: no TPM", text)

    def test_a_program_that_is_missing_is_no_skip(self):
        self.programs('<testcase name="a" status="run"/>', '<testcase name="b" status="notrun">'
                      '<skipped message="Unable to find executable"/></testcase>')
        self.assert_summary("1 passed, 1 failed, 0 skipped", 1)

    def test_a_disabled_program_is_no_skip(self):
        self.programs('<testcase name="a" status="run"/>', '<testcase name="b" status="disabled"/>')
        self.assert_summary("1 passed, 1 failed, 0 skipped", 1)

    def test_nothing_run_is_a_failure(self):
        self.assert_summary("0 passed, 1 failed, 0 skipped", 1)

    def test_fuzz_targets_count_one_each(self):
        (self.folder / "x_fuzz.passed").touch()
        (self.folder / "y_fuzz.failed").touch()
        self.assert_summary("1 passed, 1 failed, 0 skipped", 1)
