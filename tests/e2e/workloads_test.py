"""The three real workloads, through the programs a person uses. Their answers are known."""
import shutil
import unittest
from pathlib import Path

from programs import EndToEnd, WORKLOADS, claim_of, load, made

D1 = WORKLOADS / "d1"
D2 = WORKLOADS / "d2"
D3 = WORKLOADS / "d3"
SCANNER = D2 / "pii_scanner.py"


def patient_records(planted: int) -> bytes:
    return made(D2 / "generate.py", "--pii", str(planted))


class PiiScan(EndToEnd):
    """D2: how many of 10,000 records carry personal data?"""

    def scan(self, dataset: bytes, name: str = "cert.json") -> Path:
        return self.certify("--dataset-format", "csv", "--script", SCANNER, dataset=dataset,
                            name=name)

    def test_finds_nothing_in_clean_records(self):
        certificate = self.scan(patient_records(0))
        self.assertEqual(claim_of(certificate)["result"]["value"], {
            "by_kind": {"email": 0, "name": 0, "phone": 0, "ssn": 0},
            "pii_found": 0, "records_scanned": 10_000})
        self.assert_consistent(certificate)

    def test_finds_each_planted_kind(self):
        certificate = self.scan(patient_records(37))
        self.assertEqual(claim_of(certificate)["result"]["value"], {
            "by_kind": {"email": 11, "name": 9, "phone": 10, "ssn": 7},
            "pii_found": 37, "records_scanned": 10_000})
        self.assert_consistent(certificate)

    def test_same_inputs_give_the_same_claim_hash(self):
        first, second = (load(self.scan(patient_records(0), name))
                         for name in ("first.json", "second.json"))
        self.assertEqual(first["claim_hash"], second["claim_hash"])
        self.assertNotEqual(first["certificate_id"], second["certificate_id"])

    def test_one_changed_record_gives_another_claim_hash(self):
        clean = patient_records(0)
        changed = clean.replace(b"R00000,", b"R00000,1", 1)
        self.assertNotEqual(load(self.scan(clean, "clean.json"))["claim_hash"],
                            load(self.scan(changed, "changed.json"))["claim_hash"])

    def test_the_owner_of_the_data_recognises_it_and_nothing_else(self):
        data = patient_records(0)
        certificate = self.scan(data)
        own, other = self.scratch / "own.csv", self.scratch / "other.csv"
        own.write_bytes(data)
        other.write_bytes(data[:-1])
        self.assertEqual(self.verify(certificate, "--dataset", own).status, 5)
        self.assertEqual(self.verify(certificate, "--dataset", other).status, 1)

    def test_no_record_is_in_the_certificate(self):
        data = patient_records(37)
        text = self.scan(data).read_bytes()
        for record in data.splitlines()[1:]:
            self.assertNotIn(record, text)
            self.assertNotIn(record.split(b",")[3], text)

    def test_every_flipped_byte_is_refused(self):
        certificate = self.scan(patient_records(0))
        good = certificate.read_bytes()
        flipped = self.scratch / "flipped.json"
        # A prime step visits every part of the file; the unit tests visit every byte.
        for offset in range(0, len(good), 97):
            flipped.write_bytes(good[:offset] + bytes([good[offset] ^ 1]) + good[offset + 1:])
            self.assertIn(self.verify(flipped).status, (1, 2), f"accepted a flip at {offset}")

    def test_a_truncated_certificate_is_malformed(self):
        certificate = self.scan(patient_records(0))
        good = certificate.read_bytes()
        short = self.scratch / "short.json"
        for length in (0, 1, len(good) // 2, len(good) - 1):
            short.write_bytes(good[:length])
            self.assertEqual(self.verify(short).status, 2, f"{length} bytes")

    def test_another_certificates_quote_is_refused(self):
        clean, planted = (self.scan(patient_records(n), f"{n}.json") for n in (0, 37))
        quote = load(clean)["proof"]["tee_quote"]
        other = load(planted)["proof"]["tee_quote"]
        moved = self.scratch / "moved.json"
        moved.write_bytes(clean.read_bytes().replace(quote.encode(), other.encode()))
        self.assertNotEqual(moved.read_bytes(), clean.read_bytes())
        self.assertEqual(self.verify(moved).status, 1)


class BenchmarkClaim(EndToEnd):
    """D1: "my model scores at least 95 % on this benchmark"."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not Path("/usr/lib/python3/dist-packages/sklearn").exists():
            raise unittest.SkipTest("no scikit-learn: apt-get install python3-sklearn")

    def test_thresholds_fixed_before_the_run_come_out_as_they_are(self):
        certificate = self.certify(
            "--dataset-format", "csv", "--memory", "1g", "--script", D1 / "benchmark.py",
            "--assert", "forest.accuracy>=0.95", "--assert", "forest.accuracy>=0.94",
            dataset=made(D1 / "generate.py"))
        claim = claim_of(certificate)
        value = claim["result"]["value"]
        self.assertEqual((value["n_train"], value["n_test"]), (418, 151))
        self.assertEqual((value["forest"]["correct"], value["forest"]["accuracy"]), (143, 0.947))
        self.assertEqual((value["logistic"]["correct"], value["logistic"]["accuracy"]),
                         (142, 0.9404))
        self.assertEqual([(a["value"], a["verdict"]) for a in claim["assertions"]],
                         [("0.95", "false"), ("0.94", "true")])
        self.assert_consistent(certificate)


class SeededRuns(EndToEnd):
    """A job that draws names, ids and hash seeds at random."""

    job = ("import json, os, tempfile, uuid\n"
           "name = tempfile.mkdtemp(dir='/work')\n"
           "open(name + '/' + uuid.uuid4().hex, 'w').close()\n"
           "print(json.dumps({'id': str(uuid.uuid4()), 'hash': hash('x'), 'name': name,\n"
           "                  'bytes': open('/dev/urandom', 'rb').read(8).hex()}))\n")

    def claims(self, *options: str) -> list:
        script = self.scratch / "draws.py"
        script.write_text(self.job)
        return [load(self.certify("--script", script, "--env", "PYTHONHASHSEED=random", *options,
                                  dataset=b"a\n", name=f"{name}.json"))
                for name in ("first", "second")]

    def test_give_one_claim(self):
        first, second = self.claims("--determinism", "seeded")
        self.assertEqual(first["claim_hash"], second["claim_hash"])
        self.assertEqual(first["statement"]["predicate"]["claim"]["determinism"], "seeded")
        self.assertIn("randomness", first["statement"]["predicate"]["run"]["confinement"])

    def test_and_two_without(self):
        first, second = self.claims()
        self.assertNotEqual(first["claim_hash"], second["claim_hash"])
        self.assertEqual(first["statement"]["predicate"]["claim"]["determinism"], "deterministic")
        self.assertEqual(*(one["statement"]["predicate"]["claim"]["input_hash"]
                           for one in (first, second)))


class UnderItsLanguagesPolicy(EndToEnd):
    """Each program of D3 under its language's policy: one answer, and no call refused."""

    def test_gives_the_same_answer(self):
        for program, script, policy in (
                ("python3", "fnv.py", "python"), ("node", "fnv.mjs", "node"), ("gcc", "fnv.c", "c"),
                ("go", "fnv.go", "go"), ("rustc", "fnv.rs", "rust"), ("javac", "Fnv.java", "java")):
            with self.subTest(policy):
                if not shutil.which(program, path="/usr/bin"):
                    continue  # SixLanguages says so
                trace = self.scratch / f"{policy}.trace"
                certificate = self.certify(
                    "--dataset-format", "csv", "--memory", "1g", "--policy", "language",
                    "--trace", trace, "--script", D3 / script,
                    dataset=patient_records(0)[:300_000], name=f"{policy}.json")
                claim = claim_of(certificate)
                self.assertEqual(claim["result"]["value"], SixLanguages.answer)
                self.assertEqual(claim["sandbox"]["policy"], policy)
                self.assertNotIn("refused-call", trace.read_text())
                self.assert_consistent(certificate)


class SixLanguages(EndToEnd):
    """D3: one input, six languages, one answer, and each of them the same claim twice."""

    answer = {"bytes": 300_000, "fnv1a64": "05d140d34e4db539", "lines": 6_517}

    def check(self, program: str, package: str, *arguments: str | Path) -> None:
        # Only /usr is visible inside, so a program elsewhere does not help.
        if not shutil.which(program, path="/usr/bin"):
            self.skipTest(f"{program} is not in /usr/bin: apt-get install {package}")
        first, second = (
            self.certify("--dataset-format", "csv", "--memory", "1g", *arguments,
                         dataset=patient_records(0)[:300_000], name=name)
            for name in ("first.json", "second.json"))
        self.assertEqual(claim_of(first)["result"]["value"], self.answer)
        self.assertEqual(claim_of(first), claim_of(second))
        self.assert_consistent(first)

    def test_python(self):
        self.check("python3", "python3", "--script", D3 / "fnv.py")

    def test_node(self):
        self.check("node", "nodejs", "--script", D3 / "fnv.mjs")

    def test_c(self):
        self.check("gcc", "gcc", "--script", D3 / "fnv.c")

    def test_java(self):
        self.check("javac", "default-jdk-headless", "--script", D3 / "Fnv.java")

    def test_go(self):
        self.check("go", "golang-go", "--script", D3 / "fnv.go")

    def test_rust(self):
        self.check("rustc", "rustc", "--script", D3 / "fnv.rs")


class Stages(EndToEnd):
    """A build or step is a sandbox of its own: recorded, limited, and a build without the data."""

    data = b"name,score\nann,3\nbob,4\n"

    def script(self, name: str, text: str) -> Path:
        path = self.scratch / name
        path.write_text(text)
        return path

    def test_a_step_hands_its_files_on_to_the_next_in_another_language(self):
        clean = self.script("clean.py", "for line in open('/data/dataset.csv'):\n"
                                        "    print(line.strip().split(',')[1])\n")
        total = self.script("total.pl", 'open F, "sub/scores.txt"; <F>; $s += $_ while <F>;\n'
                                        'print qq({"sum": $s}\\n)\n')
        certificate = self.certify(
            "--dataset-format", "csv", "--file", clean, "--script", total,
            "--step", "mkdir sub && python3 clean.py > sub/scores.txt && echo cleaned",
            dataset=self.data)
        claim = claim_of(certificate)
        self.assertEqual(claim["result"]["value"], {"sum": 7}, "the last one's output alone")
        self.assertNotIn("stage", claim["result"])
        step, = claim["sandbox"]["stages"]
        self.assertEqual((step["name"], step["dataset"], step["command"][:2]),
                         ("step_1", "read", ["sh", "-c"]))
        tools = {use["tool"] for use in claim["execution"]["tool_uses"]}
        self.assertLessEqual({"python", "perl"}, tools, "both stages are in the record")
        self.assert_consistent(certificate)

    def test_a_build_never_sees_the_dataset(self):
        # The preprocessor would copy it into the program.
        source = self.script("main.c", """
#if __has_include("/data/dataset.csv")
#error "the preprocessor could copy it into the program"
#endif
#include <stdio.h>
int main(void) { puts("{}"); return fopen("/data/dataset.csv", "r") ? 0 : 1; }
""")
        certificate = self.certify("--dataset-format", "csv", "--script", source,
                                   dataset=self.data)
        build, = claim_of(certificate)["sandbox"]["stages"]
        self.assertEqual((build["name"], build["dataset"]), ("build", "none"))
        self.assert_consistent(certificate)

    def test_a_build_that_fails_ends_the_run_and_says_why(self):
        source = self.script("main.c", "int main(void) { return undeclared_name; }\n")
        certificate = self.certify("--dataset-format", "csv", "--script", source,
                                   dataset=self.data, status=1)
        result = claim_of(certificate)["result"]
        self.assertEqual((result["status"], result["stage"], result["size"]),
                         ("failed", "build", 0))
        self.assertNotIn("./program", [use["tool"] for use in
                                       claim_of(certificate)["execution"]["tool_uses"]])
        self.assert_consistent(certificate)
