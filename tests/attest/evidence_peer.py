"""A second verifier of TPM 2.0 quotes and AWS Nitro documents, written against the specifications
alone: the standard library, and the openssl command for signatures and chains. It shares nothing
with the first, so that a misreading would have to happen twice.

Both functions return None for genuine evidence, or why it is refused.
"""
import hashlib
import struct
import subprocess
import tempfile
from pathlib import Path


class Refused(Exception):
    pass


def want(condition, why):
    if not condition:
        raise Refused(why)


def openssl(*arguments, data=b""):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    return done.returncode == 0, done.stdout


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x82]) + struct.pack(">H", size)
    return bytes([tag]) + head + content


def der_integer(number: bytes) -> bytes:
    number = number.lstrip(b"\0") or b"\0"
    return der(2, (b"\0" if number[0] & 0x80 else b"") + number)


def signed_by(public_key_pem: bytes, digest: str, message: bytes, r: bytes, s: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        key, signature = Path(folder, "key"), Path(folder, "signature")
        key.write_bytes(public_key_pem)
        signature.write_bytes(der(0x30, der_integer(r) + der_integer(s)))
        return openssl("dgst", f"-{digest}", "-verify", str(key), "-signature", str(signature),
                       data=message)[0]


# --- TPM 2.0 --------------------------------------------------------------------------------------
class Fields:
    """Reads a structure of the TPM 2.0 Library, Part 2: big-endian, buffers with their length."""

    def __init__(self, data: bytes):
        self.data = data

    def take(self, count: int) -> bytes:
        want(count <= len(self.data), "truncated")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def sized(self) -> bytes:
        return self.take(self.number(2))

    def end(self):
        want(not self.data, "something follows")


SHA256, ECDSA, ECC, NULL = 0x000B, 0x0018, 0x0023, 0x0010


def p256_area(area: bytes):
    """(attributes, x, y, Name) of a TPM2B_PUBLIC with a P-256 key for ECDSA with SHA-256."""
    outer = Fields(area)
    inner = outer.sized()
    outer.end()
    fields = Fields(inner)
    want(fields.number(2) == ECC and fields.number(2) == SHA256, "another key type or Name")
    attributes = fields.number(4)
    fields.sized()
    want(fields.number(2) == NULL, "a storage key")
    want(fields.number(2) == ECDSA and fields.number(2) == SHA256, "another scheme")
    want(fields.number(2) == 3 and fields.number(2) == NULL, "another curve")
    x, y = fields.sized(), fields.sized()
    fields.end()
    return attributes, x, y, struct.pack(">H", SHA256) + hashlib.sha256(inner).digest()


P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def tpm_quote(attest, signature, area, pcrs, expected):
    """expected: name, nonce, mask, signer, reset_count, firmware."""
    attributes, x, y, name = p256_area(area)
    want(attributes & 0x00050072 == 0x00050052 | (attributes & 0x20), "not an attestation key")
    want(attributes & 0x00020800 == 0, "it decrypts or leaves its TPM")
    want(name == expected["name"], "another key")
    fields = Fields(attest)
    want(fields.take(4) == b"\xffTCG" and fields.number(2) == 0x8018, "no quote")
    want(fields.sized() == expected["signer"], "another place in the hierarchy")
    want(fields.sized() == expected["nonce"], "another nonce")
    fields.take(8)
    resets = fields.number(4)
    fields.take(4)
    want(resets >= expected["reset_count"] and fields.take(1) == b"\x01", "clock")
    want(fields.take(8) == expected["firmware"], "firmware")
    want(fields.number(4) == 1 and fields.number(2) == SHA256, "banks")
    want(fields.take(fields.number(1)) == expected["mask"], "other PCRs")
    want(fields.sized() == hashlib.sha256(b"".join(pcrs)).digest(), "PCR digest")
    fields.end()
    fields = Fields(signature)
    want(fields.number(2) == ECDSA and fields.number(2) == SHA256, "signature scheme")
    r, s = fields.sized(), fields.sized()
    fields.end()
    want(len(x) == 32 and len(y) == 32, "coordinates")
    made, pem = openssl("pkey", "-pubin", "-inform", "DER", "-pubcheck", data=P256_HEAD + x + y)
    want(made and signed_by(pem[pem.index(b"-----BEGIN"):], "sha256", attest, r, s), "signature")


# --- Nitro ----------------------------------------------------------------------------------------
class Cbor:
    """RFC 8949 as far as Nitro documents go. The payload's own map may be of indefinite length."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        want(self.at + count <= len(self.data), "truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self) -> tuple[int, int]:
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low
        want(low < 28, "an indefinite length")
        width = 1 << (low - 24)
        number = int.from_bytes(self.take(width), "big")
        want(number >= (24 if width == 1 else 1 << (4 * width)), "not the shortest form")
        return major, number

    def pairs(self, count):
        read = {}
        while count is None or len(read) < count:
            if count is None and self.data[self.at:self.at + 1] == b"\xff":
                self.at += 1
                break
            name = self.item()
            want(name not in read, "a name twice")
            read[name] = self.item()
        return read

    def item(self, depth=0):
        want(depth < 4, "too deep")
        major, number = self.head()
        if major in (0, 1):
            return number if major == 0 else -1 - number
        if major in (2, 3):
            text = self.take(number)
            want(major == 2 or (text.isascii() and text.decode("ascii").isprintable()), "text")
            return text if major == 2 else text.decode("ascii")
        if major == 4:
            return [self.item(depth + 1) for _ in range(number)]
        if major == 5:
            return self.pairs(number)
        want((major, number) == (7, 22), "an item of another kind")
        return None

    def end(self):
        want(self.at == len(self.data), "something follows")


MEMBERS = {"module_id": str, "digest": str, "timestamp": int, "pcrs": dict, "certificate": bytes,
           "cabundle": list}
OPTIONAL = {"public_key": 1024, "user_data": 512, "nonce": 512}


def nitro_payload(payload: bytes) -> dict:
    reader = Cbor(payload)
    if payload[:1] == b"\xbf":
        reader.at = 1
        read = reader.pairs(None)
    else:
        read = reader.item()
    reader.end()
    want(isinstance(read, dict) and set(MEMBERS) <= set(read) <= set(MEMBERS) | set(OPTIONAL),
         "members")
    want(all(isinstance(read[name], kind) for name, kind in MEMBERS.items()), "types")
    for name, most in OPTIONAL.items():
        value = read.get(name)
        want(value is None or (isinstance(value, bytes) and len(value) <= most), name)
    want(read["digest"] == "SHA384" and 0 <= read["timestamp"] < 253402300800000, "digest, time")
    want(all(isinstance(i, int) and 0 <= i < 32 and isinstance(value, bytes) and len(value) == 48
             for i, value in read["pcrs"].items()), "PCRs")
    return read


def pem_of(certificate: bytes) -> bytes:
    done, pem = openssl("x509", "-inform", "DER", data=certificate)
    want(done, "a certificate that cannot be read")
    return pem


def check_nitro_chain(certificate: bytes, bundle: list, root: bytes, at_s: int):
    want(bundle and bundle[0] == root and len(bundle) <= 7, "not the pinned root")
    with tempfile.TemporaryDirectory() as folder:
        trusted, between, leaf = (Path(folder, name) for name in ("root", "between", "leaf"))
        trusted.write_bytes(pem_of(root))
        between.write_bytes(b"".join(pem_of(each) for each in bundle[1:]))
        leaf.write_bytes(pem_of(certificate))
        held, _ = openssl("verify", "-attime", str(at_s), "-CAfile", str(trusted), "-untrusted",
                          str(between), str(leaf))
    want(held, "the chain does not hold")


def cbor_bytes(data: bytes) -> bytes:
    head = (bytes([0x40 + len(data)]) if len(data) < 24 else bytes([0x58, len(data)])
            if len(data) < 256 else b"\x59" + struct.pack(">H", len(data)))
    return head + data


def nitro_document(document: bytes, root: bytes):
    reader = Cbor(document[1:] if document[:1] == b"\xd2" else document)
    parts = reader.item()
    reader.end()
    want(isinstance(parts, list) and len(parts) == 4, "not COSE_Sign1")
    protected, unprotected, payload, signature = parts
    want(protected == bytes.fromhex("a1013822") and unprotected == {}, "headers")
    want(isinstance(payload, bytes) and isinstance(signature, bytes) and len(signature) == 96,
         "types")
    read = nitro_payload(payload)
    check_nitro_chain(read["certificate"], read["cabundle"], root, read["timestamp"] // 1000)
    _, key = openssl("x509", "-inform", "DER", "-pubkey", "-noout", data=read["certificate"])
    message = (b"\x84\x6aSignature1" + cbor_bytes(protected) + b"\x40" + cbor_bytes(payload))
    want(signed_by(key, "sha384", message, signature[:48], signature[48:]), "signature")
    want(all(any(read["pcrs"].get(i, b"")) for i in (0, 1, 2)), "a debug enclave")


def refusal(verify, *arguments):
    try:
        verify(*arguments)
    except Refused as refused:
        return str(refused)
    return None
