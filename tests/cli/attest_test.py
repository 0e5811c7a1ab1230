"""A run that a TPM attests, from the device to a verdict: swtpm, a certification authority of this
test's own, `mayfly run --attest tpm:...`, verify-cert under a policy that names the authority's
root. And a service that is checked before data is sent. Needs MAYFLY_BIN, swtpm and the openssl
command."""
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["MAYFLY_BIN"])
VERIFIED, CONTRADICTED, MALFORMED, INCONCLUSIVE, REFUSED, UNATTESTED = range(6)
ANY = {"any": "a software TPM that no firmware used"}
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
TOOLS = ("swtpm", "swtpm_setup", "openssl")


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True,
                          check=True).stdout


def sections(section):
    return {"collateral": "required", "kinds": ["tpm"], "name": "a test",
            "schema": "mayfly/policy/v1", "signers": ANY, "tpm": section}


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-attest-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.env = dict(os.environ, HOME=folder.name, XDG_STATE_HOME=folder.name,
                        XDG_DATA_HOME=folder.name, TSS2_LOG="all+none")

    def run_program(self, name, *arguments):
        return subprocess.run([BIN / name, *map(str, arguments)], capture_output=True, timeout=240,
                              env=self.env)


@unittest.skipUnless(all(shutil.which(tool) for tool in TOOLS), f"needs {', '.join(TOOLS)}")
class TpmRun(Scratch):
    """One software TPM and one authority for all tests; each test changes one thing."""

    @classmethod
    def setUpClass(cls):
        held = tempfile.TemporaryDirectory(prefix="mayfly-swtpm-")
        cls.addClassCleanup(held.cleanup)
        cls.base = Path(held.name)
        (cls.base / "state").mkdir()
        (cls.base / "ca").mkdir()
        settings = {
            "setup.conf": f"create_certs_tool=/usr/bin/swtpm_localca\n"
                          f"create_certs_tool_config={cls.base}/localca.conf\n"
                          f"create_certs_tool_options={cls.base}/options\n",
            "localca.conf": f"statedir={cls.base}/ca\nsigningkey={cls.base}/ca/signkey.pem\n"
                            f"issuercert={cls.base}/ca/issuercert.pem\n"
                            f"certserial={cls.base}/ca/certserial\n",
            "options": "--platform-manufacturer Test\n--platform-version 1\n"
                       "--platform-model Test\n"}
        for name, text in settings.items():
            (cls.base / name).write_text(text)
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", cls.base / "state", "--overwrite",
                        "--create-ek-cert", "--config", cls.base / "setup.conf", "--pcr-banks",
                        "sha256"], check=True, capture_output=True)
        socket = cls.base / "socket"
        cls.tpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={cls.base / 'state'}", "--server",
             f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags",
             "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(lambda: (cls.tpm.terminate(), cls.tpm.wait()))
        cls.address = f"tpm:swtpm:path={socket}#0x81010020"

    def certificate(self, *parts, name="c.json", status=0):
        path = self.folder / name
        ran = self.run_program("mayfly", "run", "--no-store", "-q", "-o", path, "--attest",
                               self.address, *[word for part in parts
                                               for word in ("--attest-part", part)],
                               "--", "echo", "hello")
        self.assertEqual(ran.returncode, status, ran.stderr.decode())
        return path

    def parts_of(self, path):
        proof = json.loads(path.read_bytes())["proof"]
        return {part["name"]: unpadded(part["bytes"]) for part in proof["collateral"]["parts"]}

    def certify(self, area):
        """A chain for the key of this public area, by an authority that has seen it."""
        key, root = self.folder / "ca.key", self.folder / "ca.pem"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=Test authority", "-days", "2",
                "-addext", "keyUsage=critical,keyCertSign", "-out", root)
        x, y = area[-66:-34], area[-32:]
        (self.folder / "ak.pem").write_bytes(
            openssl("pkey", "-pubin", "-inform", "DER", data=SPKI + x + y))
        (self.folder / "ext").write_text("basicConstraints=critical,CA:FALSE\n"
                                         "keyUsage=critical,digitalSignature\n"
                                         "extendedKeyUsage=2.23.133.8.3\n")
        openssl("req", "-new", "-key", key, "-subj", "/CN=Attestation key", "-out",
                self.folder / "csr")
        openssl("x509", "-req", "-in", self.folder / "csr", "-force_pubkey", self.folder / "ak.pem",
                "-CA", root, "-CAkey", key, "-CAcreateserial", "-days", "1", "-extfile",
                self.folder / "ext", "-out", self.folder / "leaf.pem")
        chain = self.folder / "chain.pem"
        chain.write_bytes((self.folder / "leaf.pem").read_bytes() + root.read_bytes())
        self.root = hashlib.sha256(openssl("x509", "-in", root, "-outform", "DER")).hexdigest()
        return chain

    def policy(self, **change):
        section = {"boot_measured": ANY, "clock": ANY, "event_log": ANY, "extra_data": ANY,
                   "firmware_versions": ANY, "qualified_signer": ANY, "selection": ANY,
                   "key": {"extended_usage": "2.23.133.8.3", "roots": [self.root]},
                   "pcr_values": [{"bank": "sha256", "index": 7, "value": "00" * 32}]} | change
        path = self.folder / "policy.json"
        path.write_text(json.dumps(sections(section)))
        return path

    def judge(self, certificate, status, code=None, **change):
        ran = self.run_program("verify-cert", "--json", "--policy", self.policy(**change),
                               certificate)
        self.assertEqual(ran.returncode, status, ran.stdout.decode() + ran.stderr.decode())
        if code:
            self.assertIn(code, {check["code"] for check in json.loads(ran.stdout)["checks"]})
        return ran

    def test_is_verified_by_the_authoritys_root(self):
        first = self.certificate()
        chain = self.certify(self.parts_of(first)["ak_public"])
        certified = self.certificate(f"ak_chain={chain}", name="certified.json")
        self.assertEqual(self.parts_of(first)["ak_public"], self.parts_of(certified)["ak_public"],
                         "the key stays in the TPM")
        statement = json.loads(certified.read_bytes())["statement"]["predicate"]["run"]
        self.assertEqual((statement["tee"], statement["assurance"].split("+")[-1]), ("tpm", "tpm"))
        self.judge(certified, VERIFIED, "report-data-ok")
        self.judge(certified, CONTRADICTED, "quote-not-genuine",
                   key={"extended_usage": "2.23.133.8.3", "roots": ["11" * 32]})
        self.judge(certified, REFUSED, "measurement-unknown",
                   pcr_values=[{"bank": "sha256", "index": 7, "value": "11" * 32}])
        self.judge(certified, REFUSED, "measurement-unknown", boot_measured="required")
        # Without the authority's word nothing vouches for the key; the policy may name it instead.
        self.judge(first, INCONCLUSIVE, "quote-part-missing")
        name = "000b" + hashlib.sha256(self.parts_of(first)["ak_public"]).hexdigest()
        self.judge(first, VERIFIED, key={"names": [name]})
        # The built-in policies do not take a TPM for a TEE.
        self.assertNotEqual(self.run_program("verify-cert", certified).returncode, VERIFIED)
        self.assertEqual(self.run_program("mayfly", "verify", "--policy", self.policy(),
                                          certified).returncode, VERIFIED)
        moved = certified.read_bytes().replace(b'"exit_code":0', b'"exit_code":1', 1)
        changed = self.folder / "changed.json"
        changed.write_bytes(moved)
        self.judge(changed, CONTRADICTED)

    def test_is_enrolled_by_its_certified_endorsement_key(self):
        address = self.address.removeprefix("tpm:")
        key, challenge = self.folder / "key.json", self.folder / "challenge.json"
        ran = self.run_program("mayfly", "tpm", "key", address, "-o", key)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        roots = ["--ek-root", self.base / "ca/issuercert.pem",
                 "--ek-root", self.base / "ca/swtpm-localca-rootca-cert.pem"]
        made = self.run_program("mayfly", "tpm", "challenge", key, *roots, "-o", challenge)
        self.assertEqual(made.returncode, 0, made.stderr)
        said = dict(line.split(None, 1) for line in made.stdout.decode().splitlines())
        opened = self.run_program("mayfly", "tpm", "activate", address, challenge)
        self.assertEqual(opened.stdout.decode().strip(), said["secret"], opened.stderr)
        # The same key quotes for runs, and the enroller's policy names it.
        self.root = "00" * 32
        name = json.loads(key.read_bytes())["name"]
        self.judge(self.certificate(), VERIFIED, key={"names": [name]})
        other = json.loads(key.read_bytes())
        other["key"] = other["key"][:-2] + ("00" if other["key"][-2:] != "00" else "01")
        key.write_text(json.dumps(other, separators=(",", ":"), sort_keys=True))
        ran = self.run_program("mayfly", "tpm", "challenge", key, *roots, "-o", challenge)
        if ran.returncode == 0:  # made for another key: this TPM does not open it
            opened = self.run_program("mayfly", "tpm", "activate", address, challenge)
            self.assertNotEqual(opened.returncode, 0)
        foreign = self.folder / "foreign.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.folder / "k",
                "-subj", "/CN=Somebody", "-out", foreign)
        ran = self.run_program("mayfly", "tpm", "challenge", key, "--ek-root", foreign, "-o",
                               challenge)
        self.assertNotEqual(ran.returncode, 0)
        self.assertNotEqual(self.run_program("mayfly", "tpm", "key",
                                             address.split("#")[0]).returncode, 0)

    def test_nothing_stands_in_for_it(self):
        for choice in ("tpm:swtpm:path=/nowhere/socket", "tdx:/nowhere", "snp:/nowhere",
                       "nitro:/nowhere", "dstack:/nowhere", "azure:swtpm:path=/nowhere"):
            path = self.folder / "none.json"
            ran = self.run_program("mayfly", "run", "--no-store", "-o", path, "--attest", choice,
                                   "--", "true")
            self.assertNotEqual(ran.returncode, 0, choice)
            self.assertFalse(path.exists(), choice)
            self.assertTrue(ran.stderr, choice)


class Service(Scratch):
    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen([BIN / "mayfly", "serve", "--port", "0"], env=self.env,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        line = self.server.stdout.readline().decode()
        self.url = line.strip().rsplit(" ", 1)[-1]

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(timeout=300)
        self.server.stdout.close()

    def test_is_checked_before_data_is_sent(self):
        ran = self.run_program("mayfly", "attest", self.url, "--json")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr.decode())
        said = json.loads(ran.stdout)
        self.assertEqual(said["tee"], "simulated-tdx")
        self.assertRegex(said["upload_key"], "^[0-9a-f]{64}$")
        program = hashlib.sha256((BIN / "mayfly").read_bytes()).hexdigest()
        self.assertEqual(said["software"], f"sha256:{program}")
        self.assertEqual(said["verdict"], "consistent, not hardware-attested")
        self.assertFalse(said["software_differs"])
        other = self.run_program("mayfly", "attest", self.url, "--json", "--software",
                                 "sha256:" + "0" * 64)
        self.assertTrue(json.loads(other.stdout)["software_differs"])
        self.assertNotEqual(other.returncode, VERIFIED)
        text = self.run_program("mayfly", "attest", self.url, "--software", "sha256:" + "0" * 64)
        self.assertIn("other software", text.stdout.decode())
        text = self.run_program("mayfly", "attest", self.url, "--nonce", "00" * 8)
        self.assertEqual(text.returncode, UNATTESTED)
        self.assertRegex(text.stdout.decode(), "upload key +[0-9a-f]{64}")
        for nonce in ("00" * 7, "zz" * 8):
            self.assertEqual(self.run_program("mayfly", "attest", self.url, "--nonce",
                                              nonce).returncode, 64)

    def test_nobody_there_is_no_verdict(self):
        ran = self.run_program("mayfly", "attest", "http://127.0.0.1:9")
        self.assertEqual(ran.returncode, 64)


if __name__ == "__main__":
    unittest.main()
