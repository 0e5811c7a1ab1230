"""Two verifiers that share nothing must agree about every case: genuine evidence, and the same with
one byte changed. Needs MAYFLY_BIN (the folder of evidence_verdicts) and the openssl command."""
import os
import shutil
import struct
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import evidence_peer  # noqa: E402

VECTORS = Path(os.environ["MAYFLY_SOURCE_DIR"], "tests/vectors/attest")
PROGRAM = Path(os.environ["MAYFLY_BIN"], "evidence_verdicts")
DOCUMENTS = ("dstack_1.bin", "evervault_2022_nonce.bin", "evervault_2022_debug.bin",
             "neg_payload_flip.bin")


def changed(data: bytes, offset: int, mask: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1:]


def first_verdicts(cases) -> list[str]:
    text = "".join(f"{' '.join(map(str, case))}\n" for case in cases)
    done = subprocess.run([PROGRAM], input=text, capture_output=True, text=True, check=True)
    return done.stdout.split()


def tpm2_tools_pcrs(data: bytes) -> list[bytes]:
    """tpm2_quote -o: 132 bytes of selection, then blocks of a count and eight slots of 66 bytes."""
    blocks, = struct.unpack_from("<I", data, 132)
    values = []
    for block in range(blocks):
        at = 136 + block * (4 + 8 * 66)
        count, = struct.unpack_from("<I", data, at)
        for i in range(count):
            size, = struct.unpack_from("<H", data, at + 4 + i * 66)
            values.append(data[at + 6 + i * 66:at + 6 + i * 66 + size])
    return values


class TpmQuote:
    def __init__(self):
        folder = VECTORS / "tpm/swtpm"
        self.parts = {"attest": (folder / "q.msg").read_bytes(),
                      "signature": (folder / "q.sig").read_bytes(),
                      "area": (folder / "ak.tpm2b_public").read_bytes()}
        for i, value in enumerate(tpm2_tools_pcrs((folder / "q.pcrs").read_bytes())):
            self.parts[f"pcr{i}"] = value
        self.expected = {"name": (folder / "ak.name").read_bytes(),
                         "nonce": bytes.fromhex((folder / "nonce.hex").read_text().strip()),
                         "mask": bytes.fromhex("ff0080"), "reset_count": 2,
                         "firmware": bytes.fromhex("2019102300163636"),
                         "signer": bytes.fromhex("000b5427b7a7466f7a56aecbd5bf2d097b695d16e3b1062b"
                                                 "4bfc72740cdebe4f8017")}

    def refusal(self, part, offset, mask):
        parts = dict(self.parts)
        parts[part] = changed(parts[part], offset, mask)
        pcrs = [parts[f"pcr{i}"] for i in range(len(parts) - 3)]
        return evidence_peer.refusal(evidence_peer.tpm_quote, parts["attest"], parts["signature"],
                                     parts["area"], pcrs, self.expected)


def nitro_refusal(name, offset, mask):
    lines = (VECTORS / "nitro/AWS_NitroEnclaves_Root-G1.pem").read_text()
    _, root = evidence_peer.openssl("x509", "-outform", "DER", data=lines.encode())
    document = changed((VECTORS / "nitro" / name).read_bytes(), offset, mask)
    return evidence_peer.refusal(evidence_peer.nitro_document, document, root)


@unittest.skipUnless(shutil.which("openssl"), "needs the openssl command")
class TwoVerifiers(unittest.TestCase):
    def compare(self, cases, peer):
        verdicts = first_verdicts(cases)
        self.assertEqual(len(verdicts), len(cases))
        for case, verdict in zip(cases, verdicts):
            why = peer(*case[1:])
            self.assertEqual(verdict, "refused" if why else "accepted", f"{case}: {why}")
        return verdicts

    def test_agree_about_tpm_quotes(self):
        quote = TpmQuote()
        cases = [("tpm", "attest", 0, 0)]
        for part, data in quote.parts.items():
            step = 1 if part in ("attest", "area") else 7
            cases += [("tpm", part, i, 1 << (i % 8)) for i in range(0, len(data), step)]
        verdicts = self.compare(cases, quote.refusal)
        self.assertEqual(verdicts.count("accepted"), 1)

    def test_agree_about_nitro_documents(self):
        cases = [("nitro", name, 0, 0) for name in DOCUMENTS]
        size = len((VECTORS / "nitro" / DOCUMENTS[0]).read_bytes())
        heads = [*range(0, 80, 7), *range(80, size - 96, 311), *range(size - 96, size, 31)]
        cases += [("nitro", DOCUMENTS[0], i, 1 << (i % 8)) for i in heads]
        verdicts = self.compare(cases, nitro_refusal)
        self.assertEqual(verdicts[:4], ["accepted", "accepted", "refused", "refused"])
        self.assertEqual(verdicts.count("accepted"), 2)


if __name__ == "__main__":
    unittest.main()
