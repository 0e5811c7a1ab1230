"""`mayfly receipt`: made from a certificate, computed again by whoever doubts it."""
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
SOURCE = pathlib.Path(os.environ["MAYFLY_SOURCE_DIR"])
CERTIFICATES = SOURCE / "tests" / "certificates"
CERTIFICATE = CERTIFICATES / "valid-simulated" / "certificate.json"
PRICES = SOURCE / "docs" / "examples" / "price-table.json"


class Receipts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-receipt-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.environment = os.environ | {"MAYFLY_STATE": str(self.path / "state")}

    def mayfly(self, *words):
        return subprocess.run([str(BIN / "mayfly"), "receipt", *map(str, words)], timeout=120,
                              capture_output=True, text=True, env=self.environment)

    def made(self):
        done = self.mayfly("make", "--certificate", CERTIFICATE, "--prices", PRICES)
        self.assertEqual(done.returncode, 0, done.stderr)
        receipt = self.path / "receipt"
        receipt.write_text(done.stdout)
        return receipt

    def key(self):
        return self.mayfly("key").stdout.strip()

    def verify(self, receipt, certificate=CERTIFICATE, prices=PRICES, key=None):
        return self.mayfly("verify", receipt, "--certificate", certificate, "--prices", prices,
                           "--key", key or self.key())

    def test_one_that_was_made_here_is_computed_again(self):
        receipt = self.made()
        self.assertIn("\ntotal ", receipt.read_text())
        done = self.verify(receipt)
        self.assertEqual(done.returncode, 0, done.stderr)
        key_file = self.path / "state" / "receipt.key"
        self.assertEqual(stat.S_IMODE(key_file.stat().st_mode), 0o600)

    def test_another_amount_certificate_table_or_key_is_refused(self):
        receipt = self.made()
        dearer = self.path / "dearer"
        dearer.write_text(receipt.read_text().replace("line runs 1 1000/1 1000",
                                                      "line runs 1 1000/1 2000"))
        self.assertEqual(self.verify(dearer).returncode, 1)
        other = CERTIFICATES / "valid-failed-job" / "certificate.json"
        self.assertEqual(self.verify(receipt, certificate=other).returncode, 1)
        prices = self.path / "prices.json"
        prices.write_text(PRICES.read_text().replace('"micro": 7', '"micro": 8'))
        self.assertEqual(self.verify(receipt, prices=prices).returncode, 1)
        foreign = self.key()
        self.environment["MAYFLY_STATE"] = str(self.path / "elsewhere")
        self.assertEqual(self.verify(self.made(), key=foreign).returncode, 1)

    def test_nobody_is_billed_by_a_certificate_that_contradicts_itself(self):
        for name in ("signature_bit_fail", "truncated_fail"):
            done = self.mayfly("make", "--certificate", CERTIFICATES / name / "certificate.json",
                               "--prices", PRICES)
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)


if __name__ == "__main__":
    unittest.main()
