"""Time stamps of RFC 3161: asked for, put into a certificate, judged. openssl is the authority.

Goal: a time is taken from an authority that the caller trusts, over this certificate, while its
own certificate was good, and from nobody else. Needs MAYFLY_BIN.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from time_authority import TimeAuthority  # noqa: E402

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
CASES = SOURCE / "tests" / "certificates"
TWO_SIGNATURES = CASES / "valid-two-signatures" / "certificate.json"
ONE_SIGNATURE = CASES / "valid-simulated" / "certificate.json"


def canonical(certificate):
    return json.dumps(certificate, separators=(",", ":"), ensure_ascii=False,
                      sort_keys=True).encode()


def day(from_now):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + from_now * 86400))


@unittest.skipUnless(shutil.which("openssl"), "needs the command openssl")
class Timestamps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def authority(self, folder="authority", **options):
        return TimeAuthority(self.path / folder, **options)

    def mayfly(self, *words):
        return subprocess.run([str(BIN / "mayfly"), "certificates", "timestamp",
                               *map(str, words)], capture_output=True, text=True, timeout=60)

    def stamp(self, certificate, authority, name="stamped.json", reply=()):
        request, response = self.path / "request.tsq", self.path / "response.tsr"
        asked = self.mayfly(certificate, "--request", request)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        authority.answer(request, response, *reply)
        done = self.mayfly(certificate, "--response", response, "-o", self.path / name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path / name

    def verify(self, certificate, *roots, at=None, more=()):
        words = [str(BIN / "verify-cert"), str(certificate), "--json", *map(str, more)]
        if roots:
            pem = self.path / "roots.pem"
            pem.write_text("".join(pathlib.Path(root).read_text() for root in roots))
            words += ["--tsa-roots", str(pem)]
        if at:
            words += ["--at", str(int(at * 1000))]
        done = subprocess.run(words, capture_output=True, timeout=60)
        report = json.loads(done.stdout)
        return done.returncode, report, [check["code"] for check in report["checks"]
                                         if check["stage"] == "time"]

    def changed(self, certificate, change):
        value = json.loads(certificate.read_bytes())
        change(value["proof"])
        path = self.path / "changed.json"
        path.write_bytes(canonical(value))
        return path

    def test_of_a_trusted_authority_gives_the_time_of_appraisal(self):
        authority = self.authority()
        for certificate in (TWO_SIGNATURES, ONE_SIGNATURE):
            before = time.time()
            stamped = self.stamp(certificate, authority)
            code, report, codes = self.verify(stamped, authority.roots)
            self.assertEqual((code, codes), (5, ["time-verified"]))
            self.assertLess(abs(report["appraised_at_ms"] / 1000 - before), 60)
            detail = next(check["detail"] for check in report["checks"]
                          if check["code"] == "time-verified")
            self.assertIn("by Test authority", detail)
            original, now = (json.loads(path.read_bytes()) for path in (certificate, stamped))
            del now["proof"]["timestamps"]
            self.assertEqual(original, now)

    def test_the_token_is_one_that_openssl_verifies_over_the_file(self):
        authority = self.authority()
        stamped = self.stamp(TWO_SIGNATURES, authority)
        proof = json.loads(stamped.read_bytes())["proof"]
        token = base64.urlsafe_b64decode(proof["timestamps"][0] + "==")
        (self.path / "token").write_bytes(token)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-token_in", "-in", self.path / "token", "-data",
             TWO_SIGNATURES, "-CAfile", authority.roots], capture_output=True, timeout=60)
        self.assertIn(b"Verification: OK", done.stdout + done.stderr)

    def test_without_roots_proves_nothing_and_says_so(self):
        stamped = self.stamp(TWO_SIGNATURES, self.authority())
        code, _, codes = self.verify(stamped)
        self.assertEqual((code, codes), (5, ["time-unverified", "timestamps-not-checked"]))

    def test_roots_without_a_time_stamp_ask_for_one(self):
        code, report, codes = self.verify(TWO_SIGNATURES, self.authority().roots)
        self.assertEqual((code, codes), (5, ["time-unverified", "timestamp-required"]))
        self.assertIn("refused", [check["effect"] for check in report["checks"]])

    def test_of_an_unknown_authority_is_not_believed(self):
        stamped = self.stamp(TWO_SIGNATURES, self.authority())
        _, report, codes = self.verify(stamped, self.authority("other").roots)
        self.assertEqual(codes, ["timestamp-not-trusted"])
        self.assertNotIn("contradicted", [check["effect"] for check in report["checks"]])

    def test_of_an_authority_whose_certificate_was_not_good_then_is_not_believed(self):
        for name, start, end in (("past", day(-90), day(-1)), ("future", day(1), day(90))):
            authority = self.authority(name, start=start, end=end)
            stamped = self.stamp(TWO_SIGNATURES, authority)
            self.assertEqual(self.verify(stamped, authority.roots)[2], ["timestamp-not-trusted"])

    def test_over_something_else_contradicts(self):
        authority = self.authority()
        other = self.stamp(ONE_SIGNATURE, authority, "other.json")
        token = json.loads(other.read_bytes())["proof"]["timestamps"]
        mixed = self.changed(TWO_SIGNATURES, lambda proof: proof.update(timestamps=token))
        for roots in ((), (authority.roots,)):
            code, _, codes = self.verify(mixed, *roots)
            self.assertEqual((code, codes), (1, ["timestamp-of-something-else"]))
        (self.path / "token").write_bytes(base64.urlsafe_b64decode(token[0] + "=="))
        done = self.mayfly(TWO_SIGNATURES, "--response", self.path / "token", "-o",
                           self.path / "never.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("over other bytes", done.stderr)
        self.assertFalse((self.path / "never.json").exists())

    def test_truncated_changed_and_huge_tokens_contradict_or_are_no_certificate(self):
        authority = self.authority()
        stamped = self.stamp(TWO_SIGNATURES, authority)
        token = base64.urlsafe_b64decode(
            json.loads(stamped.read_bytes())["proof"]["timestamps"][0] + "==")

        def codes_with(bytes_):
            text = base64.urlsafe_b64encode(bytes_).decode().rstrip("=")
            path = self.changed(stamped, lambda proof: proof.update(timestamps=[text]))
            return self.verify(path, authority.roots)

        for length in (1, 20, len(token) // 2, len(token) - 1):
            code, _, codes = codes_with(token[:length])
            self.assertEqual((code, codes), (1, ["timestamp-malformed"]), length)
        code, _, codes = codes_with(token + b"\0")
        self.assertEqual((code, codes), (1, ["timestamp-malformed"]))
        # The last byte is of the authority's signature.
        code, _, codes = codes_with(token[:-1] + bytes([token[-1] ^ 1]))
        self.assertEqual((code, codes), (1, ["timestamp-signature-wrong"]))
        self.assertEqual(codes_with(b"\x30" * (32 * 1024))[0], 1)
        self.assertEqual(codes_with(b"\x30" * (32 * 1024 + 1))[0], 2)

    def test_is_renewed_by_a_second_one_over_the_first(self):
        short, long = self.authority("short", end=day(30)), self.authority("long")
        once = self.stamp(TWO_SIGNATURES, short, "once.json")
        later = time.time() + 60 * 86400
        self.assertEqual(self.verify(once, short.roots)[2], ["time-verified"])
        code, report, codes = self.verify(once, short.roots, at=later)
        self.assertEqual((code, codes), (5, ["timestamp-expired"]))
        self.assertEqual(report["appraised_at_ms"], int(later * 1000))
        twice = self.stamp(once, long, "twice.json")
        code, report, codes = self.verify(twice, short.roots, long.roots, at=later)
        self.assertEqual((code, codes), (5, ["time-verified"]))
        self.assertLess(abs(report["appraised_at_ms"] / 1000 - time.time()), 120)
        self.assertEqual(self.verify(twice, long.roots, at=later)[2], ["timestamp-not-trusted"])
        swapped = self.changed(twice, lambda proof: proof["timestamps"].reverse())
        self.assertEqual(self.verify(swapped, short.roots, long.roots)[0], 1)

    def policy(self, authority, token):
        """A policy of any kind of evidence that names this authority."""
        value = json.loads((SOURCE / "docs" / "examples" / "tdx-policy.json").read_text())
        root = base64.b64encode(authority.der("root.pem")).decode()
        value["time"] = {"authorities": [root], "token": token}
        path = self.path / "policy.json"
        path.write_text(json.dumps(value))
        return path

    def test_of_a_policy_need_no_option(self):
        authority = self.authority()
        stamped = self.stamp(TWO_SIGNATURES, authority)
        policy = self.policy(authority, "required")
        _, report, codes = self.verify(stamped, more=("--policy", policy))
        self.assertEqual(codes, ["time-verified"])
        self.assertEqual(report["time"]["grade"], "token-proved")
        self.assertEqual(report["time"]["existed_before_ms"], report["appraised_at_ms"])
        self.assertEqual(report["fields"]["proof.timestamps"], "token-proved")
        self.assertEqual(self.verify(TWO_SIGNATURES, more=("--policy", policy))[2],
                         ["time-unverified", "timestamp-required"])
        self.policy(authority, {"any": "some are old"})
        self.assertEqual(self.verify(TWO_SIGNATURES, more=("--policy", policy))[2],
                         ["time-unverified"])
        both = subprocess.run([BIN / "verify-cert", stamped, "--policy", policy, "--tsa-roots",
                               authority.roots], capture_output=True, text=True, timeout=60)
        self.assertEqual(both.returncode, 64)
        self.assertIn("--tsa-roots", both.stderr)

    # Whoever has any other certificate of a trusted root can sign what a token says.
    def test_signed_by_a_certificate_for_another_purpose_is_not_believed(self):
        genuine = self.authority()
        stamped = self.stamp(TWO_SIGNATURES, genuine)
        token = self.path / "token"
        token.write_bytes(base64.urlsafe_b64decode(
            json.loads(stamped.read_bytes())["proof"]["timestamps"][0] + "=="))
        info = self.path / "info"
        genuine.openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", token, "-out", info)
        for extensions, codes in (("authority", ["time-verified"]),
                                  ("no_authority", ["timestamp-not-trusted"])):
            other = self.authority("for_" + extensions, extensions=extensions)
            other.openssl("cms", "-sign", "-binary", "-nodetach", "-cades", "-md", "sha256",
                          "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-in", info, "-signer",
                          other.path("tsa.pem"), "-inkey", other.path("tsa.key"), "-outform",
                          "DER", "-out", token)
            text = base64.urlsafe_b64encode(token.read_bytes()).decode().rstrip("=")
            forged = self.changed(stamped, lambda proof: proof.update(timestamps=[text]))
            self.assertEqual(self.verify(forged, other.roots)[2], codes, extensions)

    def test_refusals_say_what_to_do(self):
        for words, said in (((TWO_SIGNATURES,), "--request FILE"),
                            ((TWO_SIGNATURES, "--request", "a", "--response", "b"), "--request"),
                            ((TWO_SIGNATURES, "--response", ONE_SIGNATURE), "-o FILE"),
                            ((TWO_SIGNATURES, "--response", ONE_SIGNATURE, "-o", "x"),
                             ONE_SIGNATURE.name)):
            done = self.mayfly(*words)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
