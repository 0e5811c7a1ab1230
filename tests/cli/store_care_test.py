"""`mayfly certificates seal|backup|check|export|import`, and the keys that a store is sealed with.

Goal: with a key no byte of a certificate lies in the store's files, and what was stored can be
moved, copied and checked. Method: real runs, and a look into the files. Needs MAYFLY_BIN.
"""
import json
import os
import pathlib
import secrets
import sqlite3
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SAID = "lighthouse-keeper-said-this"


class StoreCare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-store-care-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.state = self.path / "state"

    def key_file(self, *more, name="store.key"):
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text("\n".join([secrets.token_hex(32), *more]) + "\n")
        return path

    def mayfly(self, *words, key=None, state=None, credentials=None, data=None):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAYFLY_STORE_KEY", "CREDENTIALS_DIRECTORY")}
        environment["MAYFLY_STATE"] = str(state or self.state)
        if key:
            environment["MAYFLY_STORE_KEY"] = str(key)
        if credentials:
            environment["CREDENTIALS_DIRECTORY"] = str(credentials)
        return subprocess.run([BIN / "mayfly", *map(str, words)], input=data, env=environment,
                              capture_output=True, text=True, timeout=300, cwd=self.path)

    def certificates(self, *words, **options):
        return self.mayfly("certificates", *words, **options)

    def ok(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def run_once(self, **options):
        self.ok(self.mayfly("run", "-q", "-o", "cert.json", "--", "echo", SAID, **options))
        return (self.path / "cert.json").read_text()

    def disk_shows(self, text):
        return any(text.encode() in file.read_bytes()
                   for file in self.state.iterdir() if file.is_file())

    def test_nothing_of_a_certificate_is_on_the_disk(self):
        key = self.key_file()
        certificate = self.run_once(key=key)
        self.assertIn(SAID, certificate)
        self.assertFalse(self.disk_shows(SAID))
        one = json.loads(certificate)["certificate_id"]
        self.assertEqual(self.ok(self.certificates("show", one, key=key)).stdout, certificate)

    def test_without_a_key_it_is(self):
        self.run_once()
        self.assertTrue(self.disk_shows(SAID), "the look cannot fail")

    def test_a_forgotten_or_wrong_key_is_said(self):
        self.run_once(key=self.key_file())
        for key in (None, self.key_file(name="other.key")):
            done = self.certificates("list", key=key)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("MAYFLY_STORE_KEY", done.stderr)
            done = self.mayfly("run", "-q", "-o", "c.json", "--", "echo", "again", key=key)
            self.assertNotEqual(done.returncode, 0)
            self.assertFalse((self.path / "c.json").exists())

    def test_a_units_credential_is_a_key(self):
        credentials = self.path / "credentials"
        credentials.mkdir()
        self.key_file().rename(credentials / "store-key")
        self.run_once(credentials=credentials)
        self.assertFalse(self.disk_shows(SAID))
        empty = self.path / "empty"
        empty.mkdir()
        self.assertNotEqual(self.certificates("list", credentials=empty).returncode, 0)

    def test_what_was_in_the_clear_is_sealed_and_keys_change(self):
        self.run_once()
        done = self.certificates("seal")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("openssl rand -hex 32", done.stderr)
        old = self.key_file(name="old.key")
        self.assertIn("1 certificates sealed", self.ok(self.certificates("seal", key=old)).stderr)
        self.assertFalse(self.disk_shows(SAID))
        new = self.key_file(old.read_text().strip(), name="new.key")
        self.ok(self.certificates("seal", key=new))
        self.assertNotEqual(self.certificates("list", key=old).returncode, 0)
        first = new.read_text().splitlines()[0]
        new.write_text(first + "\n")
        checked = self.ok(self.certificates("check", key=new))
        self.assertIn("1 certificates are whole", checked.stderr)

    def test_a_backup_is_a_store(self):
        key = self.key_file()
        certificate = self.run_once(key=key)
        copy = self.path / "copy"
        copy.mkdir()
        self.ok(self.certificates("backup", copy / "certificates.db", key=key))
        self.assertNotIn(SAID.encode(), (copy / "certificates.db").read_bytes())
        again = self.certificates("backup", copy / "certificates.db", key=key)
        self.assertIn("there already", again.stderr)
        self.assertNotEqual(again.returncode, 0)
        one = json.loads(certificate)["certificate_id"]
        self.assertEqual(self.ok(self.certificates("show", one, key=key, state=copy)).stdout,
                         certificate)

    def test_export_and_import_move_a_store(self):
        key = self.key_file()
        certificate = self.run_once()
        self.run_once()
        exported = self.ok(self.certificates("export", "-")).stdout
        self.assertEqual(len(exported.splitlines()), 2)
        self.assertIn(certificate + "\n", exported)
        other = self.path / "other"
        self.ok(self.certificates("import", "-", data=exported, state=other, key=key))
        self.ok(self.certificates("import", "-", data=exported, state=other, key=key))
        listed = self.ok(self.certificates("list", "--json", state=other, key=key)).stdout
        self.assertEqual(listed, self.ok(self.certificates("list", "--json")).stdout)
        self.ok(self.certificates("check", state=other, key=key))

    def test_what_is_no_certificate_is_not_imported(self):
        certificate = self.run_once()
        forged = certificate.replace('"status":"succeeded"', '"status":"failed"', 1)
        self.assertNotEqual(forged, certificate)
        for second in ("{}", "", forged, certificate[:-1]):
            other = self.path / ("other-" + secrets.token_hex(4))
            done = self.certificates("import", "-", data=f"{certificate}\n{second}\n",
                                     state=other)
            self.assertNotEqual(done.returncode, 0, second[:80])
            self.assertIn("line 2", done.stderr)
            listed = self.ok(self.certificates("list", "--json", state=other)).stdout
            self.assertEqual(len(listed.splitlines()), 1)

    def test_check_names_what_is_wrong(self):
        self.run_once()
        self.ok(self.certificates("check"))
        with sqlite3.connect(self.state / "certificates.db") as database:
            database.execute("UPDATE certificate SET status = 'failed'")
        database.close()
        done = self.certificates("check")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("cert_", done.stderr)
        self.assertIn("the columns that a search asks", done.stderr)
        self.assertNotEqual(self.certificates("export", "all.jsonl").returncode, 0)


if __name__ == "__main__":
    unittest.main()
