"""`mayfly reproduce`: the question of a certificate, asked again on this machine."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
CERTIFICATES = SOURCE / "tests" / "certificates"
COUNT = """import json, os
with open(os.environ["DATASET_PATH"]) as rows:
    print(json.dumps({"rows": sum(1 for _ in rows)}))
"""
LUCK = "import os\nprint(os.urandom(8).hex())\n"


class Reproduce(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-reproduce-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.environment = os.environ | {"MAYFLY_STATE": str(self.path / "state")}
        self.data = self.write("data.csv", "a\nb\nc\n")

    def write(self, name, text):
        path = self.path / name
        path.write_text(text)
        return path

    def mayfly(self, *words):
        return subprocess.run([str(BIN / "mayfly"), *map(str, words)], timeout=250,
                              capture_output=True, text=True, env=self.environment)

    def certified(self, script, *more):
        certificate = self.path / "cert.json"
        done = self.mayfly("run", "--dataset", self.data, "--script", script, "-o", certificate,
                           *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return certificate

    def reproduce(self, certificate, *words):
        done = self.mayfly("reproduce", certificate, "--json", *words)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def test_the_same_question_gets_the_same_claim(self):
        script = self.write("count.py", COUNT)
        certificate = self.certified(script, "--assert", "rows>=3", "--env", "MODE=fast",
                                     "--limits", "pids=64", "--may-withhold", "result,files")
        again = self.path / "again.json"
        code, report = self.reproduce(certificate, "--dataset", self.data, "--script", script,
                                      "-o", again)
        self.assertEqual((code, report["outcome"]), (0, "same-claim"), report)
        self.assertNotEqual(report["a"]["certificate_id"], report["b"]["certificate_id"])
        self.assertEqual(json.loads(again.read_text())["claim_hash"],
                         json.loads(certificate.read_text())["claim_hash"])

    def test_the_seed_and_the_policy_are_asked_again(self):
        script = self.write("luck.py", LUCK)
        certificate = self.certified(script, "--determinism", "seeded", "--policy", "python")
        code, report = self.reproduce(certificate, "--dataset", self.data, "--script", script)
        self.assertEqual((code, report["outcome"]), (0, "same-claim"), report)

    def test_another_answer_is_named(self):
        script = self.write("luck.py", LUCK)
        certificate = self.certified(script)
        code, report = self.reproduce(certificate, "--dataset", self.data, "--script", script)
        self.assertEqual((code, report["outcome"]), (1, "other-result"), report)
        self.assertIn("answer", {each["concern"] for each in report["differences"]})

    def test_other_data_or_scripts_are_refused_before_anything_runs(self):
        script = self.write("count.py", COUNT)
        certificate = self.certified(script)
        other = self.write("other.csv", "a\nb\nd\n")
        longer = self.write("longer.csv", "a\nb\nc\nd\n")
        changed = self.write("changed.py", COUNT + "\n")
        for words in (["--dataset", other, "--script", script],
                      ["--dataset", longer, "--script", script],
                      ["--dataset", self.data, "--script", changed],
                      ["--dataset", self.data], ["--script", script]):
            code, message = self.reproduce(certificate, *words)
            self.assertEqual(code, 2, message)
            self.assertIn("cannot be asked here", message)
        listed = self.mayfly("certificates", "list", "--json").stdout.splitlines()
        self.assertEqual(len(listed), 1)

    def test_a_certificate_that_contradicts_itself_is_not_reproduced(self):
        code, message = self.reproduce(CERTIFICATES / "signature_bit_fail" / "certificate.json")
        self.assertEqual(code, 2)
        self.assertIn("contradicted", message)


if __name__ == "__main__":
    unittest.main()
