"""Two verifiers over the same cases must agree: Mayfly's, and the small one beside this file.

Also `mayfly evidence` and `mayfly collateral` as a person uses them. Needs MAYFLY_BIN.
"""
import csv
import ctypes
import datetime
import json
import os
import pathlib
import platform
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import small_tdx_verifier  # noqa: E402

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
VECTORS = SOURCE / "tests" / "vectors" / "attest" / "tdx"
EXIT_CODES = {"verified": 0, "contradicted": 1, "malformed": 2, "inconclusive": 3,
              "genuine, refused by policy": 4, "consistent, not hardware-attested": 5}
# Which of Mayfly's checks says what the small verifier calls so.
CHECKS = {
    "malformed": {"quote_layout"}, "trailing bytes": {"quote_padding"}, "debug": {"td_debug_off"},
    "SEPT_VE_DISABLE": {"td_sept_ve_disable"},
    "TD attributes": {"td_attributes_known", "td_attributes_allowed"}, "XFAM": {"td_xfam"},
    "service TD": {"td_service_td"}, "attestation key": {"attestation_key_binding"},
    "quote signature": {"quote_signature"}, "QE report signature": {"qe_report_signature"},
    "PCK chain": {"chain_certificates", "chain_root", "chain_names", "chain_constraints",
                  "chain_signatures", "pck_extension"},
    "root CRL": {"root_crl"}, "root CRL not valid": {"root_crl_validity"},
    "PCK CRL": {"pck_crl"}, "PCK CRL not valid": {"pck_crl_validity"}, "revoked": {"revocation"},
    "TCB signing chain": {"tcb_signing_chain"},
    "certificate not valid": {"chain_validity", "tcb_signing_validity"},
    "tcbInfo signature": {"tcb_info_signature"},
    "enclaveIdentity signature": {"qe_identity_signature"},
    "list not valid": {"tcb_info_validity", "qe_identity_validity"},
    "TCB info of another kind": {"tcb_info"}, "identity of another enclave": {"qe_identity"},
    "TCB info of another platform": {"tcb_info_platform"},
    "another quoting enclave": {"qe_identity_match"},
    "another TDX module": {"tdx_module_identity"}, "no matching TCB level": {"tcb_level"},
    "TCB not up to date": {"tcb_status"},
}


def rows(name):
    with open(VECTORS / name, newline="") as text:
        return list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def cases():
    """(name, quote, file paths by kind, time)"""
    for row in rows("cases.tsv"):
        yield (row["case"], VECTORS / "quotes" / row["quote"],
               paths(row["tcbinfo"], row["qeid"], row["pckcrl"], row["rootcrl"],
                     row["tcb_sign_chain"]), row["verify_time_utc"])
    for row in rows("mutated.tsv"):
        cell = row["base_case_collateral(tcbinfo|qeid|pckcrl|rootcrl|chain|time)"].split("|")
        chain = "tcb_signing_2025_chain.pem" if cell[4] == "auto" else cell[4]
        yield row["case"], VECTORS / row["file"], paths(*cell[:4], chain), cell[5]


def paths(tcbinfo, qeid, pckcrl, rootcrl, chain):
    return {"tcbinfo": VECTORS / "tcbinfo" / tcbinfo, "qeid": VECTORS / "qeid" / qeid,
            "pckcrl": VECTORS / "pckcrl" / pckcrl, "rootcrl": VECTORS / "rootcrl" / rootcrl,
            "chain": VECTORS / "certs" / chain}


def mayfly(*arguments):
    return subprocess.run([str(BIN / "mayfly"), *map(str, arguments)], capture_output=True,
                          timeout=300)


def evidence(quote, files, at, policy="genuine-only"):
    done = mayfly("evidence", "verify", "--kind", "tdx", "--evidence", quote, "--collateral",
                  *files, "--at", at, "--policy", policy, "--json")
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr.decode()


# seccomp: (audit architecture, numbers of socket and connect) by machine.
SOCKET_CALLS = {"x86_64": (0xC000003E, (41, 42)), "aarch64": (0xC00000B7, (198, 203))}


def deny_network():
    """In the child, before exec: whoever asks for a socket dies of SIGSYS."""
    architecture, calls = SOCKET_CALLS[platform.machine()]
    load, equal, answer, kill, allow = 0x20, 0x15, 0x06, 0x80000000, 0x7FFF0000
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, kill), (load, 0, 0, 0)]
    steps += [(equal, len(calls) - i, 0, call) for i, call in enumerate(calls)]
    steps += [(answer, 0, 0, allow), (answer, 0, 0, kill)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    header = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0):
        os._exit(99)


def failed(report):
    return {check["check"] for check in report["checks"] if check["outcome"] == "fail"}


class TwoVerifiers(unittest.TestCase):
    def test_agree_on_every_case(self):
        count = 0
        for name, quote, files, at in cases():
            with self.subTest(name):
                moment = datetime.datetime.fromisoformat(at)
                wrong, status = small_tdx_verifier.judge(
                    quote.read_bytes(),
                    {kind: path.read_bytes() for kind, path in files.items()}, moment)
                code, report = evidence(quote, files.values(), moment.isoformat())
                self.assertEqual(EXIT_CODES[report["verdict"]], code)
                # A list in another list's place is told apart by what it holds: it is missing.
                if name.endswith("root_crl_in_place_of_pck_crl"):
                    self.assertEqual(code, 3)
                    continue
                self.assertEqual(code == 0, not wrong, (wrong, failed(report)))
                for each in wrong:
                    self.assertTrue(CHECKS[each] & failed(report), (each, failed(report)))
                # The small one stops at a wrong chain; Mayfly says what else is wrong.
                for check in failed(report) if "PCK chain" not in wrong else ():
                    self.assertTrue(any(check in CHECKS[each] for each in wrong),
                                    (check, wrong))
                if report["tcb"] and status:
                    self.assertEqual(report["tcb"]["status"], status)
                count += 1
        self.assertGreater(count, 120)


class Evidence(unittest.TestCase):
    QUOTE = VECTORS / "quotes" / "v4_phala_uptodate.bin"
    FILES = list(paths("TDX_b0c06f000000_20250619T101603_e17.json",
                       "TD_QE_20250619T103227_e17.json", "platform_20250619T100035.der",
                       "root_20250320T112157.der",
                       "tcb_signing_2025_chain.pem").values())
    AT = "2025-06-20T00:40:03Z"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-evidence-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def test_says_what_a_relying_party_needs(self):
        code, report = evidence(self.QUOTE, self.FILES, self.AT)
        self.assertEqual((code, report["verdict"]), (0, "verified"))
        self.assertEqual(report["tcb"]["status"], "UpToDate")
        self.assertEqual(report["tcb"]["tcb_info_evaluation_number"], 17)
        self.assertEqual(report["platform"]["fmspc"], "b0c06f000000")
        self.assertEqual(len(report["platform"]["ppid"]), 32)
        self.assertEqual(report["platform"]["physical_access_trust"], "none")
        self.assertIn("tdx.measurements: asked is only whether the quote is genuine, not what runs "
                      "in the TD", report["policy"]["not_asked"])
        self.assertEqual(len(report["checks"]), 46)

    def test_the_default_policy_refuses_what_it_does_not_know(self):
        code, report = evidence(self.QUOTE, self.FILES, self.AT, policy="default")
        self.assertEqual(code, 4)
        self.assertEqual(failed(report), {"td_measurement", "quote_padding"})

    def test_the_documented_policy_is_one_and_names_what_it_measures(self):
        policy = json.loads((SOURCE / "docs" / "examples" / "tdx-policy.json").read_text())
        _, shown = evidence(self.QUOTE, self.FILES, self.AT)
        quote = shown["quote"]
        measured = policy["tdx"]["measurements"][0]
        for name in ("mr_td", "rtmr0", "rtmr1", "rtmr2"):
            measured[name] = quote[name]
        path = self.path / "policy.json"
        path.write_text(json.dumps(policy))
        code, report = evidence(self.QUOTE, self.FILES, self.AT, policy=path)
        self.assertEqual(code, 0, report)
        self.assertEqual(report["measurement"], measured["name"])
        self.assertTrue(report["policy"]["hash"].startswith("sha256:"))
        path.write_text(json.dumps(policy, indent=3, sort_keys=True))
        again = evidence(self.QUOTE, self.FILES, self.AT, policy=path)[1]
        self.assertEqual(again["policy"]["hash"], report["policy"]["hash"])
        measured["rtmr2"] = "00" * 48
        path.write_text(json.dumps(policy))
        self.assertEqual(evidence(self.QUOTE, self.FILES, self.AT, policy=path)[0], 4)

    def test_a_policy_with_a_member_too_few_or_too_many_is_none(self):
        policy = json.loads((SOURCE / "docs" / "examples" / "tdx-policy.json").read_text())
        path = self.path / "policy.json"
        for name in list(policy["tdx"]):
            less = json.loads(json.dumps(policy))
            del less["tdx"][name]
            path.write_text(json.dumps(less))
            done = mayfly("evidence", "verify", "--evidence", self.QUOTE, "--policy", path)
            self.assertEqual(done.returncode, 64, name)
            self.assertIn(name, done.stderr.decode())
        for change in ({"surprise": 1}, {"platforms": {"any": ""}}, {"padding": "whatever"},
                       {"physical_access": "allowlisted"}):
            more = json.loads(json.dumps(policy))
            more["tdx"].update(change)
            path.write_text(json.dumps(more))
            done = mayfly("evidence", "verify", "--evidence", self.QUOTE, "--policy", path)
            self.assertEqual(done.returncode, 64, change)

    def test_takes_a_folder_and_chooses_what_fits(self):
        for kind in ("tcbinfo", "qeid", "pckcrl", "rootcrl", "certs"):
            for path in (VECTORS / kind).iterdir():
                if not path.name.startswith("mut_"):
                    (self.path / path.name).write_bytes(path.read_bytes())
        (self.path / "notes.txt").write_text("not a list")
        code, report = evidence(self.QUOTE, [self.path], self.AT)
        self.assertEqual((code, failed(report)), (0, set()))

    def test_without_collateral_it_says_what_is_missing(self):
        done = mayfly("evidence", "verify", "--evidence", self.QUOTE, "--at", self.AT, "--policy",
                      "genuine-only")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the TCB info was not given", done.stdout.decode())

    def test_packs_checks_and_uses_a_bundle(self):
        bundle = self.path / "bundle.json"
        done = mayfly("collateral", "pack", *self.FILES, "-o", bundle)
        self.assertEqual(done.returncode, 0, done.stderr)
        code, report = evidence(self.QUOTE, [bundle], self.AT)
        self.assertEqual((code, failed(report)), (0, set()))
        self.assertEqual(mayfly("collateral", "check", bundle, "--at", self.AT).returncode, 0)
        self.assertEqual(mayfly("collateral", "check", bundle).returncode, 4)
        one = mayfly("collateral", "check", self.FILES[0], "--at", self.AT)
        self.assertEqual(one.returncode, 3)
        forged = VECTORS / "tcbinfo" / "mut_v4_phala_uptodate_tcbinfo_status_forged.json"
        self.assertEqual(
            mayfly("collateral", "check", forged, *self.FILES[1:], "--at", self.AT).returncode, 1)
        shown = mayfly("collateral", "show", bundle, "--json")
        self.assertEqual(json.loads(shown.stdout)["earliest_expiry"], "2025-07-19T10:00:35.000Z")
        self.assertEqual(mayfly("collateral", "pack", self.FILES[0], "-o", bundle).returncode, 2)

    def test_shows_a_quote_without_judging_it(self):
        done = mayfly("evidence", "show", self.QUOTE)
        self.assertEqual(done.returncode, 0)
        self.assertIn("NOT VERIFIED", done.stdout.decode())
        shown = json.loads(mayfly("evidence", "show", self.QUOTE, "--json").stdout)
        self.assertFalse(shown["verified"])
        self.assertEqual(mayfly("evidence", "show", VECTORS / "quotes" / "sgx_v3_phala.bin"
                                ).returncode, 1)

    @unittest.skipUnless(platform.machine() in SOCKET_CALLS, "no call numbers for this machine")
    def test_needs_no_network(self):
        def run(*arguments):
            return subprocess.run(list(map(str, arguments)), capture_output=True, timeout=300,
                                  preexec_fn=deny_network).returncode
        asks = run(sys.executable, "-c", "import socket; socket.socket()")
        self.assertEqual(asks, -signal.SIGSYS, "the filter must be able to say no")
        self.assertEqual(run(BIN / "mayfly", "evidence", "verify", "--evidence", self.QUOTE,
                             "--collateral", *self.FILES, "--at", self.AT, "--policy",
                             "genuine-only"), 0)
        self.assertEqual(run(BIN / "mayfly", "collateral", "check", *self.FILES, "--at", self.AT),
                         0)
        vectors = SOURCE / "tests" / "vectors" / "attest"
        other = (BIN / "mayfly", "evidence", "verify", "--policy", "genuine-only", "--kind")
        self.assertEqual(run(*other, "nitro", "--evidence", vectors / "nitro" / "dstack_1.bin",
                             "--at", "2025-12-25T13:16:40Z"), 0)
        self.assertEqual(run(*other, "snp", "--evidence", vectors / "snp" / "coco_milan.report",
                             "--at", "2023-07-22T00:00:00Z", "--collateral",
                             vectors / "snp" / "coco_milan.vcek.der",
                             vectors / "snp" / "certs" / "ask_ark_milan.pem"), 3, "no list given")
        simulated = SOURCE / "tests" / "certificates" / "valid-simulated" / "certificate.json"
        self.assertEqual(run(BIN / "verify-cert", simulated, "--at", "2026-03-01T12:01:00Z"), 5)

    def test_mistakes_are_usage_errors(self):
        for arguments in (("--kind", "sev"), ("--at", "yesterday"), ("--policy", "nowhere.json"),
                          ("--report-data", "00"), ("--collateral", __file__)):
            done = mayfly("evidence", "verify", "--evidence", self.QUOTE, *arguments)
            self.assertIn(done.returncode, (2, 64), arguments)
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    unittest.main()
