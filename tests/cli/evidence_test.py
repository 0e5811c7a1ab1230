"""Bare evidence through the command line: every row of the vectors' manifest that is evidence gets
the verdict that it must have, with the finding. Needs MAYFLY_BIN."""
import base64
import json
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

MAYFLY = Path(os.environ["MAYFLY_BIN"], "mayfly")
VECTORS = Path(os.environ["MAYFLY_SOURCE_DIR"], "tests/vectors/attest")
VERIFIED, CONTRADICTED, MALFORMED, INCONCLUSIVE, REFUSED, UNATTESTED = range(6)
ANY = {"any": "not asked of a published sample"}
SNP = {"abi_minimum": {"major": 0, "minor": 0}, "chips": ANY, "host_data": ANY, "id_keys": ANY,
       "measurements": ANY, "migration_off": "required", "physical_access": "none",
       "providers": [], "report_data": ANY, "single_socket": ANY, "smt_off": ANY,
       "tcb_minimum": {"boot_loader": 2, "fmc": 0, "microcode": 68, "snp": 5, "tee": 0}, "vmpl": 0}
QUOTE = {"boot_measured": ANY, "clock": ANY, "event_log": ANY, "extra_data": ANY,
         "firmware_versions": ANY, "pcr_values": ANY, "qualified_signer": ANY, "selection": ANY}
AZURE = QUOTE | {"boot_measured": "required", "secure_boot": "required",
                 "extra_data": b"challenge".hex(),
                 "selection": [{"bank": "sha256", "pcrs": list(range(24))}]}
NITRO = {"age": {"ahead_seconds_max": 60, "seconds_max": 600}, "nonce": ANY, "pcr_values": ANY,
         "public_key": ANY, "user_data": ANY}
TDX = {"attributes_allowed": ["PERFMON", "PKS", "KL"], "collateral_age_days_max": ANY,
       "evaluation_number_min": ANY, "event_log": ANY, "measurements": ANY, "mr_config_id": ANY,
       "mr_owner": ANY, "runtime_log": ANY,
       "mr_owner_config": ANY, "padding": "zeros-accepted", "physical_access": "none",
       "platforms": ANY, "report_data": ANY, "sept_ve_disable": ANY, "service_tds": ANY,
       "tcb": {"advisories": [], "out_of_date_grace_days": 0, "statuses": ["UpToDate"]}}


def policy(kinds, collateral="required", **sections):
    return {"collateral": collateral, "kinds": kinds, "name": "a test",
            "schema": "mayfly/policy/v1",
            "signers": ANY} | sections


def bytes_in(value):
    """Azure's samples have arrays of numbers, hex, or base64 of either alphabet."""
    if isinstance(value, list):
        return bytes(value)
    try:
        return bytes.fromhex(value)
    except ValueError:
        text = value.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(text + "=" * (-len(text) % 4))


def pcr_list(values):
    return b"".join(struct.pack(">HBB", 0x000B, i, len(value)) + value
                    for i, value in enumerate(values))


class EvidenceCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-evidence-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def mayfly(self, *arguments):
        return subprocess.run([MAYFLY, *map(str, arguments)], capture_output=True, timeout=120)

    def judge(self, kind, evidence, wanted, collateral, at, status, failed=()):
        """Every check that fails must be named, and no other."""
        path = evidence if isinstance(evidence, Path) else self.file("evidence", evidence)
        ran = self.mayfly("evidence", "verify", "--kind", kind, "--evidence", path, "--policy",
                          self.file("policy.json", wanted), "--at", at, "--json",
                          *(["--collateral", *collateral] if collateral else []))
        self.assertEqual(ran.returncode, status, ran.stdout.decode() + ran.stderr.decode())
        report = json.loads(ran.stdout)
        names = [f"{check['level']}.{check['check']}" for check in report["checks"]
                 if check["outcome"] == "fail"]
        self.assertEqual(names, list(failed))
        self.assertEqual(report["exit_code"], status)
        return report


class SnpEvidence(EvidenceCase):
    at = "2023-07-22T00:00:00Z"
    wanted = policy(["snp"], ANY, snp=SNP)

    def judge_report(self, report, leaf, status, failed=(), at=at, wanted=None):
        authorities = VECTORS / "snp/certs/ask_ark_milan.pem"
        return self.judge("snp", VECTORS / "snp" / report, wanted or self.wanted,
                          [VECTORS / "snp" / leaf, authorities], at, status, failed)

    def test_a_genuine_report_is_verified(self):
        report = self.judge_report("coco_milan.report", "coco_milan.vcek.der", VERIFIED)
        self.assertEqual(report["quote"]["product"], "Milan")
        self.assertIn("memory bus", report["limits"])

    def test_it_must_bind_what_is_asked_for(self):
        bound = "ec6c52d7533cc2c4f45be7849cf112ab82b2009fe7bd43e71ed08c14400ad7e2" + "00" * 32
        files = ["--evidence", VECTORS / "snp/coco_milan.report", "--policy",
                 self.file("policy.json", self.wanted), "--at", self.at, "--collateral",
                 VECTORS / "snp/coco_milan.vcek.der", VECTORS / "snp/certs/ask_ark_milan.pem"]
        for data, status in ((bound, VERIFIED), ("11" * 64, CONTRADICTED), ("11" * 63, 64)):
            ran = self.mayfly("evidence", "verify", "--kind", "snp", "--report-data", data, *files)
            self.assertEqual(ran.returncode, status, data)

    def test_a_debug_guest_is_not_attested(self):
        self.judge_report("google_milan_debug.report", "google_milan_debug.vcek.der", UNATTESTED,
                          ["snp.debug_off"], "2022-09-25T00:00:00Z")

    def test_the_certificates_of_other_keys_contradict_it(self):
        for leaf in ("coco_milan.vcek_bad1.der", "coco_milan.vcek_bad2.der"):
            self.judge_report("coco_milan.report", leaf, CONTRADICTED,
                              ["snp.chain_signatures", "snp.certificate_tcb",
                               "snp.certificate_chip", "snp.report_signature"],
                              "2023-11-14T22:13:20Z")

    def test_missing_material_is_no_contradiction(self):
        report = VECTORS / "snp/coco_milan.report"
        self.judge("snp", report, self.wanted, [], self.at, INCONCLUSIVE)
        self.judge_report("coco_milan.report", "coco_milan.vcek.der", INCONCLUSIVE,
                          wanted=policy(["snp"], snp=SNP))

    def test_a_policy_that_names_other_machines_refuses_it(self):
        for change, failed in (({"chips": ["00" * 64]}, "snp.chip"),
                               ({"measurements": ["00" * 48]}, "snp.measurement"),
                               ({"vmpl": 2}, "snp.vmpl"),
                               ({"tcb_minimum": SNP["tcb_minimum"] | {"snp": 9}},
                                "snp.tcb_minimum")):
            self.judge_report("coco_milan.report", "coco_milan.vcek.der", REFUSED, [failed],
                              wanted=policy(["snp"], ANY, snp=SNP | change))

    def test_show_and_pack(self):
        shown = self.mayfly("evidence", "show", "--kind", "snp", "--json",
                            VECTORS / "snp/coco_milan.report")
        self.assertEqual(json.loads(shown.stdout)["verified"], False)
        bundle = self.folder / "bundle.json"
        packed = self.mayfly("collateral", "pack", "--kind", "snp", "-o", bundle,
                             VECTORS / "snp/coco_milan.vcek.der",
                             VECTORS / "snp/certs/ask_ark_milan.pem")
        self.assertEqual(packed.returncode, 0, packed.stderr)
        self.judge("snp", VECTORS / "snp/coco_milan.report", self.wanted, [bundle], self.at,
                   VERIFIED)


class NitroEvidence(EvidenceCase):
    wanted = policy(["nitro"], nitro=NITRO)

    def judge_document(self, name, at, status, failed=(), wanted=None):
        return self.judge("nitro", VECTORS / "nitro" / name, wanted or self.wanted, [], at, status,
                          failed)

    def test_genuine_documents_are_verified(self):
        self.judge_document("dstack_1.bin", "2025-12-25T13:16:40Z", VERIFIED)
        report = self.judge_document("evervault_2022_nonce.bin", "2022-10-13T08:58:10Z", VERIFIED)
        self.assertTrue(report["quote"]["nonce"])

    def test_a_debug_enclave_is_not_attested(self):
        self.judge_document("evervault_2022_debug.bin", "2022-10-12T13:50:10Z", UNATTESTED,
                            ["nitro.debug_off"])

    def test_a_changed_payload_contradicts_it(self):
        self.judge_document("neg_payload_flip.bin", "2022-10-13T08:58:10Z", CONTRADICTED,
                            ["nitro.document_signature"])

    def test_it_is_refused_when_it_is_old_or_of_another_image(self):
        self.judge_document("dstack_1.bin", "2025-12-25T14:16:40Z", REFUSED,
                            ["nitro.document_age"])
        wanted = policy(["nitro"], nitro=NITRO | {"pcr_values": [{"index": 0, "value": "00" * 48}]})
        self.judge_document("dstack_1.bin", "2025-12-25T13:16:40Z", REFUSED, ["nitro.pcr_values"],
                            wanted)
        self.judge("nitro", b"\x84", self.wanted, [], "2025-12-25T13:16:40Z", MALFORMED,
                   ["nitro.document_layout"])


class TpmEvidence(EvidenceCase):
    at = "2026-11-01T00:00:00Z"

    def setUp(self):
        super().setUp()
        tpm = VECTORS / "tpm/swtpm"
        self.quote = tpm / "q.msg"
        self.parts = [f"signature={tpm / 'q.sig'}", f"ak_public={tpm / 'ak.tpm2b_public'}",
                      f"pcrs={tpm / 'q.pcrs'}"]
        self.section = QUOTE | {
            "clock": {"reset_count_min": 2, "restart_count_min": 0},
            "extra_data": (tpm / "nonce.hex").read_text().strip(),
            "firmware_versions": ["2019102300163636"],
            "key": {"names": [(tpm / "ak.name").read_bytes().hex()]},
            "pcr_values": [{"bank": "sha256", "index": 7, "value": "00" * 32}],
            "qualified_signer":
                "000b5427b7a7466f7a56aecbd5bf2d097b695d16e3b1062b4bfc72740cdebe4f8017",
            "selection": [{"bank": "sha256", "pcrs": [0, 1, 2, 3, 4, 5, 6, 7, 23]}]}

    def judge_quote(self, status, failed=(), quote=None, parts=None, **change):
        return self.judge("tpm", quote or self.quote, policy(["tpm"], tpm=self.section | change),
                          self.parts if parts is None else parts, self.at, status,
                          [f"tpm.{name}" for name in failed])

    def test_a_quote_of_an_enrolled_key_is_verified(self):
        report = self.judge_quote(VERIFIED)
        self.assertEqual(report["quote"]["reset_count"], "2")
        self.assertIn("wired to another machine", report["limits"])

    def test_the_tampered_quote_contradicts_itself(self):
        self.judge_quote(CONTRADICTED, ["quote_signature", "extra_data"],
                         VECTORS / "tpm/swtpm/q_tampered.msg")

    def test_each_demand_of_the_policy_is_held(self):
        self.judge_quote(REFUSED, ["boot_measured"], boot_measured="required")
        self.judge_quote(REFUSED, ["pcr_values"],
                         pcr_values=[{"bank": "sha256", "index": 7, "value": "11" * 32}])
        self.judge_quote(REFUSED, ["firmware"], firmware_versions=["0000000000000001"])
        self.judge_quote(REFUSED, ["clock_counters"],
                         clock={"reset_count_min": 3, "restart_count_min": 0})
        self.judge_quote(CONTRADICTED, ["key_trust"], key={"names": ["000b" + "11" * 32]})

    def test_a_part_that_is_missing_leaves_it_open(self):
        self.judge_quote(INCONCLUSIVE, parts=self.parts[1:])
        self.judge_quote(INCONCLUSIVE, parts=[self.parts[0], self.parts[2]])

    def test_the_sample_of_dstack_is_read(self):
        shown = self.mayfly("evidence", "show", "--kind", "tpm", "--json",
                            VECTORS / "tpm/dstack_tpms_attest.bin")
        quote = json.loads(shown.stdout)["quote"]
        self.assertEqual((quote["extra_data"], quote["reset_count"], quote["selected_sha256"]),
                         ("12345678", "16", "0 1 2"))


class AzureEvidence(EvidenceCase):
    at = "2025-06-15T15:06:40Z"

    def parts_of(self, name):
        sample = json.loads((VECTORS / name).read_text())
        quote = sample.get("quote") or sample["tpm_quote"]
        parts = {"signature": bytes_in(quote["signature"]),
                 "pcrs": pcr_list([bytes_in(pcr) for pcr in quote["pcrs"]]),
                 "hcl_report": bytes_in(sample.get("report") or sample["hcl_report"])}
        if "td_quote" in sample:
            parts["td_quote"] = bytes_in(sample["td_quote"])
        paths = [f"{part}={self.file(part, content)}" for part, content in parts.items()]
        if "vcek" in sample:
            vcek = sample["vcek"]
            leaf = vcek.encode() if vcek.startswith("-----") else bytes_in(vcek)
            paths += [self.file("leaf", leaf), VECTORS / "snp/certs/ask_ark_milan.pem"]
        return bytes_in(quote["message"]), paths

    def test_both_levels_of_snp_machines_are_verified(self):
        wanted = policy(["azure-snp"], ANY, azure=AZURE, snp=SNP)
        for name in ("snp/azure_vtpm_evidence-v0.json", "snp/azure_vtpm_evidence-v1.json"):
            quote, parts = self.parts_of(name)
            report = self.judge("azure", quote, wanted, parts, self.at, VERIFIED)
            self.assertEqual(report["kind"], "azure-snp")
            self.assertIn("pcr_sha256_7", report["quote"])
            self.assertIn("measurement", report["quote"])

    def test_the_quote_of_another_machine_contradicts_it(self):
        wanted = policy(["azure-snp"], ANY, azure=AZURE, snp=SNP)
        other, _ = self.parts_of("tpm/azure_tdx_vtpm_evidence-v0.json")
        _, parts = self.parts_of("snp/azure_vtpm_evidence-v0.json")
        self.judge("azure", other, wanted, parts, self.at, CONTRADICTED,
                   ["azure.azure_quote", "tpm.quote_signature", "tpm.pcr_digest"])

    def test_a_td_is_genuine_and_open_without_intels_lists(self):
        quote, parts = self.parts_of("tpm/azure_tdx_vtpm_evidence-v0.json")
        wanted = policy(["azure-tdx"], ANY, azure=AZURE, tdx=TDX)
        report = self.judge("azure", quote, wanted, parts, self.at, INCONCLUSIVE)
        self.assertEqual(report["kind"], "azure-tdx")
        open_checks = {check["check"] for check in report["checks"]
                       if check["outcome"] == "not_evaluated"}
        self.assertIn("tcb_level", open_checks)
        self.assertNotIn("azure_claims_bound", open_checks)

    def test_a_policy_is_held_at_each_level(self):
        quote, parts = self.parts_of("snp/azure_vtpm_evidence-v0.json")
        other = policy(["azure-snp"], ANY, azure=AZURE | {"extra_data": "00" * 32}, snp=SNP)
        self.judge("azure", quote, other, parts, self.at, CONTRADICTED,
                   ["azure.azure_quote", "tpm.extra_data"])
        chip = policy(["azure-snp"], ANY, azure=AZURE, snp=SNP | {"chips": ["00" * 64]})
        self.judge("azure", quote, chip, parts, self.at, REFUSED,
                   ["snp.chip", "azure.azure_tee_report"])


class TdxLogs(EvidenceCase):
    """Logs beside a real TD's quote, by its real lists."""
    at = "2025-02-13T18:14:41Z"
    rule = {"event_log": {"payloads": "required", "registers": [0, 1, 2],
                          "separators": "required"}}
    lists = ["tcbinfo/TDX_00806f050000_20250213T035041_e17.json",
             "qeid/TD_QE_20250213T033900_e17.json", "pckcrl/platform_20250213T034028.der",
             "rootcrl/root_20240320T191930.der", "certs/tcb_signing_2018_chain.pem"]
    quote = VECTORS / "tdx/quotes/v4_cos113_google.bin"

    def judge_td(self, rules, status, *more, failed=(), lists=None):
        ran = self.mayfly("evidence", "verify", "--evidence", self.quote, "--policy",
                          self.file("policy.json", policy(["tdx"], tdx=TDX | rules)),
                          "--at", self.at, "--json", "--collateral",
                          *(lists or [VECTORS / "tdx" / name for name in self.lists]), *more)
        self.assertEqual(ran.returncode, status, ran.stdout.decode() + ran.stderr.decode())
        report = json.loads(ran.stdout)
        self.assertEqual([check["check"] for check in report["checks"]
                          if check["outcome"] == "fail"], list(failed))
        return report

    def test_a_boot_log_is_shown_as_it_was_measured(self):
        log = f"event_log={VECTORS / 'ccel/cos113_ccel_data.bin'}"
        report = self.judge_td(self.rule, VERIFIED, log)
        self.assertEqual(report["events"]["boot_total"], 43)
        self.assertTrue(any(bytes.fromhex(event["measured"] or "").startswith(b"/syslinux/vmlinuz")
                            for event in report["events"]["boot"]))
        self.judge_td(self.rule, INCONCLUSIVE)
        self.assertEqual(self.judge_td({}, VERIFIED, log)["events"]["boot"], [])
        self.judge_td(self.rule, CONTRADICTED, failed=["boot_log_replay"],
                      *[f"event_log={VECTORS / 'ccel/coco_CCEL_data.bin'}"])

    def test_a_runtime_log_of_another_machine_contradicts_it(self):
        events = [{"imr": 3, "event_type": 0x08000001, "digest": "", "event": "compose-hash",
                   "event_payload": "00"}]
        log = f"runtime_log={self.file('log.json', events)}"
        self.judge_td({"runtime_log": []}, CONTRADICTED, log, failed=["runtime_log_replay"])
        none = f"runtime_log={self.file('none.json', [])}"
        self.judge_td({"runtime_log": []}, VERIFIED, none)
        self.judge_td({"runtime_log": [{"event": "compose-hash", "payload": "00"}]}, REFUSED, none,
                      failed=["runtime_log_events"])

    def test_a_bundle_carries_the_logs(self):
        bundle = self.folder / "bundle.json"
        packed = self.mayfly("collateral", "pack", "-o", bundle, "--evidence", self.quote,
                             "--at", self.at, f"event_log={VECTORS / 'ccel/cos113_ccel_data.bin'}",
                             *[VECTORS / "tdx" / name for name in self.lists])
        self.assertEqual(packed.returncode, 0, packed.stderr)
        self.judge_td(self.rule, VERIFIED, lists=[bundle])


class ConfidentialSpace(EvidenceCase):
    """A real token: of a debug image, whose claims are Google's word."""
    at = "2025-06-23T14:30:00Z"
    token = VECTORS / "google/oak_debug_pki.jwt"
    image = "sha256:313b8a83d3c8bfc9abcffee4f5384244" "73e2705383a7e46f16d159faf0e5ef34"

    def wanted(self, **changes):
        document = json.loads((VECTORS.parents[2] / "docs/examples/confidential-space-policy.json")
                              .read_text())
        document["confidential_space"] |= {"audience": "https://echo.oak.dev", "support": ANY,
                                           "images": [self.image]} | changes
        return document

    def test_it_is_never_a_hardware_verdict(self):
        report = self.judge("confidential-space", self.token, self.wanted(), [], self.at,
                            UNATTESTED, ["google.debug_off", "google.hardware_evidence"])
        self.assertEqual(report["quote"]["hardware"], "GCP_AMD_SEV")
        self.assertIn("Google's word", report["limits"])

    def test_another_root_contradicts_it(self):
        other = {"keys": [], "roots": ["00" * 32]}
        report = self.judge("confidential-space", self.token, self.wanted(key=other), [], self.at,
                            CONTRADICTED, ["google.chain_anchor", "google.debug_off",
                                           "google.hardware_evidence"])
        self.assertIsNone(report["quote"])

    def test_a_changed_token_contradicts_it(self):
        token = bytearray(self.token.read_bytes())
        token[-100] ^= 2
        self.judge("confidential-space", bytes(token), self.wanted(), [], self.at, CONTRADICTED,
                   ["google.token_signature", "google.debug_off", "google.hardware_evidence"])

    def test_it_is_shown_without_judging_it(self):
        shown = self.mayfly("evidence", "show", "--kind", "confidential-space", "--json",
                            self.token)
        self.assertEqual(json.loads(shown.stdout)["quote"]["debug_status"], "enabled")


class Policies(EvidenceCase):
    def test_a_section_for_each_kind_and_no_other(self):
        for wanted, place in ((policy(["snp"]), "snp"),
                              (policy(["tpm"], tpm=QUOTE, snp=SNP), "snp"),
                              (policy(["nitro"], nitro=NITRO | {"extra": 1}), "nitro.extra"),
                              (policy(["confidential-space"]), "confidential_space")):
            ran = self.mayfly("evidence", "verify", "--kind", "snp", "--evidence",
                              VECTORS / "snp/coco_milan.report", "--policy",
                              self.file("policy.json", wanted))
            self.assertEqual(ran.returncode, 64)
            self.assertIn(place, ran.stderr.decode())


if __name__ == "__main__":
    unittest.main()
