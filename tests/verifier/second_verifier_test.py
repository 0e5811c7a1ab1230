"""Over every case folder: the second verifier gives the published answer, and so does verify-cert,
whose JSON is what its schema says and leads to its exit code. Needs MAYFLY_BIN."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import second_verifier  # noqa: E402

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
CASES = SOURCE / "tests" / "certificates"
SCHEMA = json.loads((SOURCE / "docs" / "reference" / "verification.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}
# What "consistent" needs a pass of, and what "verified" needs besides: docs/certificate-format.md.
CONSISTENT = {"parse", "schema", "ids", "signature", "report_data", "lifecycle"}
VERIFIED = CONSISTENT | {"quote", "measurement", "tcb", "policy"}
# It has no vendor's root, so it cannot say what a genuine quote was made for.
WITHOUT_A_VENDOR = {"quote_genuine_fail"}


def cases():
    for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
        yield folder, json.loads((folder / "case.json").read_text())


def run_verify_cert(folder, case):
    words = [str(BIN / "verify-cert"), str(folder / "certificate.json"), "--json", "--at",
             case["at"]]
    if "dataset" in case:
        words += ["--dataset", str(folder / case["dataset"])]
    if "log_policy" in case:
        words += ["--log-policy", str(folder / case["log_policy"])]
    if "tsa_roots" in case:
        words += ["--tsa-roots", str(folder / case["tsa_roots"])]
    if "trace" in case:
        words += ["--trace", str(folder / case["trace"])]
    done = subprocess.run(words, capture_output=True, timeout=300)
    return done.returncode, json.loads(done.stdout)


def exit_code_of(checks):
    """The function of docs/certificate-format.md, from the report alone."""
    effects = {check["effect"] for check in checks}
    passed = {check["stage"] for check in checks if check["state"] == "pass"}
    for effect, code in (("internal", 70), ("malformed", 2), ("contradicted", 1)):
        if effect in effects:
            return code
    if not CONSISTENT <= passed:
        return 3
    for effect, code in (("unattested", 5), ("inconclusive", 3), ("refused", 4)):
        if effect in effects:
            return code
    return 0 if VERIFIED <= passed else 3


def mistakes(value, schema, where="report"):
    """The keywords of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "const" in schema and value != schema["const"]:
        yield f"{where}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        yield f"{where}: not of type {schema['type']}"
        return
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} is not {schema['pattern']}"
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"] if not list(mistakes(value, each, where))]
        if len(fitting) != 1:
            yield f"{where}: fits {len(fitting)} of its forms"
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from mistakes(item, schema["items"], f"{where}[{i}]")
    if isinstance(value, dict):
        yield from member_mistakes(value, schema, where)


def member_mistakes(value, schema, where):
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}: lacks {name}"
    for name, item in value.items():
        if name in known:
            yield from mistakes(item, known[name], f"{where}.{name}")
        elif rest is False:
            yield f"{where}: has {name}"
        elif isinstance(rest, dict):
            yield from mistakes(item, rest, f"{where}.{name}")


class SecondVerifier(unittest.TestCase):
    def test_gives_the_published_answer_for_every_case(self):
        count = 0
        for folder, case in cases():
            if folder.name in WITHOUT_A_VENDOR:
                continue
            with self.subTest(folder.name):
                at = re.sub("[-:T]", "", case["at"])
                dataset = (folder / case["dataset"]).read_bytes() if "dataset" in case else None
                policy = (folder / case["log_policy"]).read_text() if "log_policy" in case else None
                roots = (folder / case["tsa_roots"]).read_text() if "tsa_roots" in case else None
                trace = (folder / case["trace"]).read_text() if "trace" in case else None
                answer = second_verifier.judge((folder / "certificate.json").read_bytes(), at,
                                               dataset, policy, trace, roots)
                self.assertEqual(answer, (case["exit_code"], case["failing"]))
                count += 1
        self.assertGreater(count, 80)


class ReportOfVerifyCert(unittest.TestCase):
    def test_is_what_its_schema_says_and_leads_to_the_exit_code(self):
        for folder, case in cases():
            with self.subTest(folder.name):
                code, report = run_verify_cert(folder, case)
                self.assertEqual(list(mistakes(report, SCHEMA)), [])
                self.assertEqual(report["exit_code"], code)
                self.assertEqual(exit_code_of(report["checks"]), code)
                self.assertNotIn("hardware-bound", report["fields"].values())

    def test_is_refused_by_the_schema_when_verdict_and_exit_code_disagree(self):
        _, report = run_verify_cert(CASES / "valid-simulated",
                                    {"at": "2026-03-01T12:01:00Z"})
        for change in ({"exit_code": 0}, {"verdict": "verified"}, {"more": 1},
                       {"selection": "the best"}):
            self.assertTrue(list(mistakes(report | change, SCHEMA)), change)


if __name__ == "__main__":
    unittest.main()
