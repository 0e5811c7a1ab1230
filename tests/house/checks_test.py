"""Goal: each house check can fail. Method: a small tree that keeps every rule, then break one."""
import hashlib
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent

ARCHITECTURE = """
| folder | holds | may see | the only place that uses |
|---|---|---|---|
| `base/` | bytes | - | - |
| `crypto/` | hashes | base | openssl |
| `api/` | HTTP | crypto, base | nlohmann-json |
"""
README = "    What   x\n    In/Out x\n    Sees   x\n    Files  x\n    Change x\n"
HEADER = "// A promise.\n#pragma once\n"


class HouseCheck(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mayfly-house-")
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        self.write("docs/architecture.md", ARCHITECTURE)
        for name in ("README.md", "CONTRIBUTING.md"):
            self.write(name, "words\n")
        self.write("SPECIFICATION.md", "| A-1 | a promise | `Hash.IsRight` |\n")
        for folder in ("cli", "tests", "bench", "tools", "base", "crypto"):
            self.write(f"{folder}/README.md", README)
        self.write("base/bytes.hpp", HEADER)
        self.write("base/CMakeLists.txt", "mayfly_layer(base SOURCES bytes.cpp)\n")
        self.write("base/bytes.cpp", '#include "base/bytes.hpp"\n#include <sys/mman.h>\n')
        self.write("crypto/CMakeLists.txt", "mayfly_layer(crypto SOURCES sha.cpp MAY_USE base)\n")
        self.write("crypto/sha.cpp", '#include "base/bytes.hpp"\n#include <openssl/evp.h>\n')
        self.write("tests/CMakeLists.txt", "mayfly_test(hash_test SOURCES hash_test.cpp)\n")
        self.write("tests/hash_test.cpp", "TEST(Hash, IsRight) {}\n")
        self.write("tests/vectors/json/good/one.json", "{}")
        self.manifest("good/one.json", hashlib.sha256(b"{}").hexdigest())

    def manifest(self, *cells: str) -> None:
        rows = [cells[i:i + 2] for i in range(0, len(cells), 2)]
        self.write("tests/vectors/json/MANIFEST.tsv", "file\tsha256\tbytes\tlicense\n" + "".join(
            f"{name}\t{digest}\t2\tApache-2.0\n" for name, digest in rows))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def findings(self, check: str) -> list[str]:
        done = subprocess.run(
            ["/usr/bin/python3", "-B", SOURCE / "tools" / f"check_{check}.py"], text=True,
            capture_output=True, env={**os.environ, "MAYFLY_CHECK_ROOT": str(self.root)},
            check=False)
        if done.returncode == 0:
            return []
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def assert_finds(self, check: str, words: str) -> None:
        found = self.findings(check)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])


class Clean(HouseCheck):
    def test_a_tree_that_keeps_the_rules_is_clean(self):
        for check in ("layers", "tidy", "specification", "docs", "vectors"):
            self.assertEqual(self.findings(check), [], check)


class Layers(HouseCheck):
    def test_finds_an_include_against_the_arrow(self):
        self.write("base/bytes.cpp", '#include "crypto/sha.hpp"\n')
        self.assert_finds("layers", "the arrow base -> crypto")

    def test_finds_a_third_party_header_outside_its_folder(self):
        self.write("base/bytes.cpp", "#include <openssl/evp.h>\n")
        self.assert_finds("layers", "base/ may not use openssl")

    def test_finds_the_friendly_json_library_near_hashes(self):
        self.write("crypto/sha.cpp", "#include <nlohmann/json.hpp>\n")
        self.assert_finds("layers", "crypto/ may not use nlohmann-json")

    def test_finds_an_unknown_library(self):
        self.write("base/bytes.cpp", "#include <boost/asio.hpp>\n")
        self.assert_finds("layers", "<boost/asio.hpp>")

    def test_finds_an_include_that_is_not_root_relative(self):
        self.write("base/bytes.cpp", '#include "bytes.hpp"\n')
        self.assert_finds("layers", "not relative to the root")

    def test_finds_a_folder_without_a_row(self):
        self.write("misc/things.cpp", "")
        self.assert_finds("layers", "has no row")

    def test_finds_a_target_that_uses_more_than_its_row(self):
        self.write("crypto/CMakeLists.txt", "mayfly_layer(crypto SOURCES sha.cpp MAY_USE api)\n")
        self.assert_finds("layers", "api is not in its row")


class Tidy(HouseCheck):
    def test_a_line_of_100_columns_is_fine_and_one_of_101_is_found(self):
        self.write("base/bytes.cpp", "//" + "x" * 98 + "\n")
        self.assertEqual(self.findings("tidy"), [])
        self.write("base/bytes.cpp", "//" + "x" * 99 + "\n")
        self.assert_finds("tidy", "101 columns")

    def test_a_function_of_70_lines_is_fine_and_one_of_71_is_found(self):
        self.write("base/bytes.cpp", "int f() {\n" + "  ;\n" * 68 + "}\n")
        self.assertEqual(self.findings("tidy"), [])
        self.write("base/bytes.cpp", "int f() {\n" + "  ;\n" * 69 + "}\n")
        self.assert_finds("tidy", "a function of 71 lines")

    def test_finds_a_leftover_without_an_issue(self):
        mark = "TO" "DO"
        self.write("base/bytes.cpp", f"// {mark}(#12): fine\n")
        self.assertEqual(self.findings("tidy"), [])
        self.write("base/bytes.cpp", f"// {mark}: not fine\n")
        self.assert_finds("tidy", "needs its issue")

    def test_finds_a_path_of_somebodys_machine(self):
        self.write("base/bytes.cpp", "// see /ho" "me/someone/notes\n")
        self.assert_finds("tidy", "names a machine's path")

    def test_finds_a_test_that_is_not_built(self):
        self.write("tests/dead_test.cpp", "TEST(Dead, Looks) {}\n")
        self.assert_finds("tidy", "is in no CMake target")

    def test_finds_a_folder_without_a_readme(self):
        (self.root / "crypto/README.md").unlink()
        self.assert_finds("tidy", "has no README.md")

    def test_finds_a_readme_without_a_heading(self):
        self.write("crypto/README.md", README.replace("Sees", "Uses"))
        self.assert_finds("tidy", "lacks the headings Sees")

    def test_finds_a_header_without_a_promise(self):
        self.write("base/bytes.hpp", "#pragma once\n")
        self.assert_finds("tidy", "opens with a comment")


class Specification(HouseCheck):
    def test_a_name_of_two_files(self):
        own = "namespace {{\n{}\n}}  // namespace\n"
        self.write("crypto/CMakeLists.txt",
                   "mayfly_layer(crypto SOURCES sha.cpp key.cpp MAY_USE base)\n")
        self.write("crypto/sha.cpp", own.format("int size_of(int);\nint Hash::read() {}\n"))
        self.write("crypto/key.cpp", own.format("using std::string;\nint Key::read() {}\n"))
        self.assertEqual(self.findings("tidy"), [])
        for line in ("bool size_of(long x) {", "constexpr std::size_t size_of = 1;",
                     "struct size_of {", "using size_of = int;"):
            self.write("crypto/key.cpp", own.format(line))
            self.assert_finds("tidy", "sha.cpp: key.cpp has a name of its own too: size_of")

    def test_finds_a_named_test_that_does_not_exist(self):
        self.write("SPECIFICATION.md", "| A-1 | a promise | `Hash.IsLeft` |\n")
        self.assert_finds("specification", "there is no test Hash.IsLeft")

    def test_finds_a_row_that_names_no_test(self):
        self.write("SPECIFICATION.md", "| A-1 | a promise | surely |\n")
        self.assert_finds("specification", "names no test")

    def test_accepts_an_honest_gap(self):
        self.write("SPECIFICATION.md", "| A-1 | a promise | no test yet |\n")
        self.assertEqual(self.findings("specification"), [])

    def test_finds_a_number_used_twice(self):
        self.write("SPECIFICATION.md", "| A-1 | p | `Hash.IsRight` |\n| A-1 | q | no test yet |\n")
        self.assert_finds("specification", "used twice")


class Vectors(HouseCheck):
    DIGEST = hashlib.sha256(b"{}").hexdigest()

    def test_finds_a_file_that_is_not_the_one_listed(self):
        self.write("tests/vectors/json/good/one.json", "[]")
        self.assert_finds("vectors", "not the file with this SHA-256")

    def test_finds_a_file_that_is_not_listed(self):
        self.write("tests/vectors/json/two.json", "{}")
        self.assert_finds("vectors", "tests/vectors/json/two.json: is in no MANIFEST.tsv")

    def test_finds_a_listed_file_that_is_not_there(self):
        self.manifest("good/one.json", self.DIGEST, "gone.json", self.DIGEST)
        self.assert_finds("vectors", "gone.json: there is no such file")

    def test_finds_a_file_that_is_listed_twice(self):
        self.manifest("good/one.json", self.DIGEST, "good/one.json", self.DIGEST)
        self.assert_finds("vectors", "is listed twice")

    def test_finds_a_manifest_without_the_digests(self):
        self.write("tests/vectors/merkle/MANIFEST.tsv", "file\tlicense\n")
        self.assert_finds("vectors", "lacks the columns sha256")


class Docs(HouseCheck):
    def test_finds_a_shell_block_that_nobody_runs(self):
        self.write("README.md", "words\n\n```sh\ntrue\n```\n")
        self.assert_finds("docs", "README.md:3")

    def test_accepts_a_block_that_is_run_or_says_why_not(self):
        self.write("README.md", "<!-- run -->\n```sh\ntrue\n```\n"
                                "<!-- not run: needs a TEE -->\n```sh\ntrue\n```\n")
        self.assertEqual(self.findings("docs"), [])

    def test_finds_a_link_that_leads_nowhere(self):
        self.write("README.md", "[there](docs/nowhere.md)\n")
        self.assert_finds("docs", "leads nowhere")
