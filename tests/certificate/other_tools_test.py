"""What other people's programs say of our exports: openssl alone, and Sigstore's own readers.

Goal: a certificate can be checked without Mayfly. Method: the case folders, exported by `mayfly
show`, given to programs that have never heard of it; the broken ones must be refused by them too.
Needs MAYFLY_BIN.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
CASES = SOURCE / "tests" / "certificates"
VECTORS = SOURCE / "tests" / "vectors" / "certificate" / "sigstore-bundle"
HOW_TO = SOURCE / "docs" / "how-to" / "check-with-other-tools.md"
HERE = pathlib.Path(__file__).resolve().parent
READERS = pathlib.Path(os.environ.get("MAYFLY_READERS", SOURCE / "build" / "readers"))
VALID = CASES / "valid-two-signatures" / "certificate.json"
# Of these the second signature is not good, and whoever reads it can tell.
BROKEN = ("p256_signature_bit_fail", "p256_der_fail")


def show(certificate, form):
    return subprocess.run([BIN / "mayfly", "show", certificate, "--format", form],
                          capture_output=True, timeout=300)


def exported(certificate, form):
    done = show(certificate, form)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def file(self, name, contents):
        (self.path / name).write_bytes(contents)
        return str(self.path / name)


@unittest.skipUnless(shutil.which("openssl"), "needs the command openssl")
class OpensslAlone(Folder):
    def openssl(self, *words):
        return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=300)

    def envelope(self, certificate):
        """The signed bytes as DSSE has them, written to a file, and the signatures."""
        envelope = json.loads(exported(certificate, "dsse"))
        kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
        self.file("signed", b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        return [base64.b64decode(each["sig"]) for each in envelope["signatures"]]

    def check_p256(self, certificate):
        signatures = self.envelope(certificate)
        key = self.file("key.pem", exported(certificate, "p256-key"))
        return self.openssl("dgst", "-sha256", "-verify", key, "-signature",
                            self.file("signature", signatures[1]), str(self.path / "signed"))

    def test_verifies_the_second_signature(self):
        done = self.check_p256(VALID)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "Verified OK"), done.stderr)

    def test_refuses_a_broken_one(self):
        for name in BROKEN:
            done = self.check_p256(CASES / name / "certificate.json")
            self.assertNotEqual(done.returncode, 0, name)

    @unittest.skipUnless(shutil.which("jq"), "needs the command jq")
    def test_verifies_it_by_the_commands_of_the_how_to(self):
        exports, with_openssl = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text(), re.S)[:2]
        for name, answer in (("valid-two-signatures", "Verified OK"),
                             ("p256_signature_bit_fail", "Verification failure")):
            shutil.copy(CASES / name / "certificate.json", self.path / "cert.json")
            done = subprocess.run(
                ["bash", "-ec", exports + with_openssl], cwd=self.path, capture_output=True,
                text=True, timeout=300, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
            self.assertIn(answer, done.stdout + done.stderr, name)
            self.assertEqual(done.returncode == 0, answer == "Verified OK", name)

    def test_refuses_another_runs_statement(self):
        self.check_p256(VALID)
        self.file("signed", (self.path / "signed").read_bytes().replace(b"run_00", b"run_10"))
        done = self.openssl("dgst", "-sha256", "-verify", str(self.path / "key.pem"), "-signature",
                            str(self.path / "signature"), str(self.path / "signed"))
        self.assertNotEqual(done.returncode, 0)

    def test_reads_the_key_that_the_statement_names(self):
        key = self.file("key.pem", exported(VALID, "p256-key"))
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", key, "-outform", "DER"],
                             capture_output=True, check=True, timeout=300).stdout
        run = json.loads(VALID.read_bytes())["statement"]["predicate"]["run"]
        self.assertEqual(der[-64:].hex(), run["signer_p256"])
        bundle = json.loads(exported(VALID, "sigstore"))
        hint = base64.b64decode(bundle["verificationMaterial"]["publicKey"]["hint"])
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der,
                                capture_output=True, check=True, timeout=300).stdout
        self.assertEqual(hint, digest)

    def test_verifies_the_ed25519_signature(self):
        signatures = self.envelope(VALID)
        run = json.loads(VALID.read_bytes())["statement"]["predicate"]["run"]
        # RFC 8410: the one prefix of an Ed25519 SubjectPublicKeyInfo.
        key = self.file("ed.der", bytes.fromhex("302a300506032b6570032100" + run["signer"]))
        done = self.openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key,
                            "-rawin", "-in", str(self.path / "signed"), "-sigfile",
                            self.file("signature", signatures[0]))
        self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipUnless((READERS / "node_modules").is_dir() and shutil.which("node"),
                     f"needs node and the libraries of tests/certificate/sigstore/package.json in "
                     f"{READERS}: ./dev clients")
class Sigstore(Folder):
    def ask(self, bundle, key, *more):
        # Libraries are found beside the program, so it is laid beside them.
        program = shutil.copy(HERE / "sigstore" / "verify.mjs", READERS)
        hint = "none"
        try:
            hint = json.loads(bundle)["verificationMaterial"]["publicKey"]["hint"]
        except (ValueError, KeyError):
            pass
        done = subprocess.run(
            ["node", program, self.file("bundle.json", bundle), self.file("key.pem", key), hint,
             *more], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def ask_about(self, certificate):
        return self.ask(exported(certificate, "sigstore"), exported(certificate, "p256-key"))

    def test_accepts_a_certificate_and_reads_what_it_is_about(self):
        said = self.ask_about(VALID)
        self.assertEqual(said["verdict"], "accepted", said)
        statement = json.loads(VALID.read_bytes())["statement"]
        self.assertEqual(said["subjects"], statement["subject"])
        self.assertEqual(said["predicateType"], "urn:mayfly:execution:v1")

    def test_refuses_a_broken_signature(self):
        for name in BROKEN:
            said = self.ask_about(CASES / name / "certificate.json")
            self.assertEqual((said["verdict"], said["why"]), ("refused", "SIGNATURE_ERROR"), name)

    def test_refuses_a_key_that_did_not_sign(self):
        said = self.ask(exported(VALID, "sigstore"),
                        exported(CASES / "p256_key_fail" / "certificate.json", "p256-key"))
        self.assertEqual(said["verdict"], "accepted", "that case names the key of the valid one")
        other = subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout"],
                               capture_output=True, check=True, timeout=300).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=other, capture_output=True,
                                check=True, timeout=300).stdout
        said = self.ask(exported(VALID, "sigstore"), public)
        self.assertEqual((said["verdict"], said["why"]), ("refused", "SIGNATURE_ERROR"))

    def test_refuses_another_payload(self):
        bundle = json.loads(exported(VALID, "sigstore"))
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(
            payload.replace(b'"succeeded"', b'"timed_out"')).decode()
        said = self.ask(json.dumps(bundle).encode(), exported(VALID, "p256-key"))
        self.assertEqual((said["verdict"], said["why"]), ("refused", "SIGNATURE_ERROR"))

    def test_judges_published_bundles_as_published(self):
        """That the program asked can say both yes and no."""
        good = VECTORS / "managed-key-and-trusted-root"
        bundle, key = (good / "bundle.sigstore.json").read_bytes(), (good / "key.pub").read_bytes()
        trust = (str(good / "trusted_root.json"), str(VECTORS / "a.txt"))
        self.assertEqual(self.ask(bundle, key, *trust)["verdict"], "accepted")
        other = (VECTORS / "managed-key-wrong-key_fail" / "key.pub").read_bytes()
        self.assertEqual(self.ask(bundle, other, *trust)["verdict"], "refused")
        unknown = VECTORS / "bundle-unknown-version_fail" / "bundle.sigstore.json"
        self.assertEqual(self.ask(unknown.read_bytes(), key)["verdict"], "refused")


class WithoutASecondSignature(unittest.TestCase):
    def test_there_is_no_bundle_and_it_says_why(self):
        for form in ("sigstore", "p256-key"):
            done = show(CASES / "valid-simulated" / "certificate.json", form)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, b"")
            self.assertIn(b"no ECDSA P-256 signature", done.stderr)


if __name__ == "__main__":
    unittest.main()
