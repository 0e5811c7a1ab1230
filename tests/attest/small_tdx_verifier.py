"""A second TDX verifier, small and slow, written from the formats and not from Mayfly's code.

Standard library and the `openssl` command. It exists to disagree: differential_test.py runs both
over the same cases. It answers with a set of names of what is wrong, and the TCB status.
"""
import base64
import datetime
import functools
import hashlib
import json
import re
import subprocess
import tempfile

INTEL_ROOT_SHA256 = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"
QE_VENDOR = "939a7233f79c4ca9940a0db3957f0607"
SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
SGX_EXTENSION = bytes.fromhex("060a2a864886f84d010d0101")[2:-1]
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Malformed(Exception):
    pass


# ---- DER -----------------------------------------------------------------------------------------
def der_items(data):
    """[(tag, content, whole)] of everything in `data`."""
    items, at = [], 0
    while at < len(data):
        start = at
        if at + 2 > len(data):
            raise Malformed("truncated DER")
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at:at + count], "big")
            at += count
        if at + size > len(data):
            raise Malformed("truncated DER")
        items.append((tag, data[at:at + size], data[start:at + size]))
        at += size
    return items


def der_time(item):
    text = item[1].decode()
    form = "%y%m%d%H%M%SZ" if item[0] == 0x17 else "%Y%m%d%H%M%SZ"
    return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.timezone.utc)


def common_name(name):
    for _, rdn, _ in der_items(name):
        for _, attribute, _ in der_items(rdn):
            oid, value = der_items(attribute)
            if oid[1] == b"\x55\x04\x03":
                return value[1].decode()
    return ""


class Certificate:
    def __init__(self, der):
        self.der = der
        ((_, body, _),) = der_items(der)
        tbs, _, signature = der_items(body)
        self.signed = tbs[2]
        self.signature = signature[1][1:]
        fields = der_items(tbs[1])
        self.serial = int.from_bytes(fields[1][1], "big")
        self.issuer = fields[3][1]
        self.not_before, self.not_after = map(der_time, der_items(fields[4][1]))
        self.subject = fields[5][1]
        self.name = common_name(self.subject)
        self.key = der_items(fields[6][1])[1][1][2:]
        self.extensions = {}
        for _, extension, _ in der_items(der_items(fields[7][1])[0][1]):
            parts = der_items(extension)
            self.extensions[parts[0][1]] = parts[-1][1]

    def is_ca(self):
        constraints = self.extensions.get(b"\x55\x1d\x13", b"\x30\x00")
        return any(tag == 1 and value != b"\x00"
                   for tag, value, _ in der_items(der_items(constraints)[0][1]))


class Crl:
    def __init__(self, der):
        ((_, body, _),) = der_items(der)
        tbs, _, signature = der_items(body)
        self.signed, self.signature = tbs[2], signature[1][1:]
        fields = der_items(tbs[1])
        self.issuer = fields[2][1]
        self.this_update, self.next_update = der_time(fields[3]), der_time(fields[4])
        self.serials = set()
        if len(fields) > 5 and fields[5][0] == 0x30:
            for _, entry, _ in der_items(fields[5][1]):
                self.serials.add(int.from_bytes(der_items(entry)[0][1], "big"))


def pem_chain(text):
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)
    return [base64.b64decode(b"".join(block.split())) for block in blocks]


# ---- signatures ----------------------------------------------------------------------------------
@functools.lru_cache(maxsize=None)
def verify_der(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}" for name in ("key", "message", "signature")]
        for path, data in zip(files, (SPKI_PREFIX + key, message, signature)):
            with open(path, "wb") as out:
                out.write(data)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", files[0], "-keyform", "DER",
                               "-signature", files[2], files[1]], capture_output=True)
        return done.returncode == 0


def der_integer(number):
    digits = number.to_bytes(33, "big").lstrip(b"\x00") or b"\x00"
    digits = b"\x00" + digits if digits[0] & 0x80 else digits
    return b"\x02" + bytes([len(digits)]) + digits


def verify_raw(key, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    body = der_integer(r) + der_integer(s)
    return verify_der(key, message, b"\x30" + bytes([len(body)]) + body)


# ---- the quote -----------------------------------------------------------------------------------
class Quote:
    def __init__(self, data):
        if len(data) < 48:
            raise Malformed("truncated")
        self.version = int.from_bytes(data[0:2], "little")
        head = (int.from_bytes(data[2:4], "little"), int.from_bytes(data[4:8], "little"),
                data[12:28].hex())
        if self.version not in (4, 5) or head != (2, 0x81, QE_VENDOR):
            raise Malformed("another version, key type, TEE or vendor")
        at, size = 48, 584
        if self.version == 5:
            kind, declared = int.from_bytes(data[48:50], "little"), int.from_bytes(
                data[50:54], "little")
            if (kind, declared) not in ((2, 584), (3, 648)):
                raise Malformed("another body")
            at, size = 54, declared
        self.body = data[at:at + size]
        at += size
        self.signed = data[:at]
        signature = self.take(data, at + 4, int.from_bytes(data[at:at + 4], "little"))
        self.trailing = data[at + 4 + len(signature):]
        self.signature, self.key = signature[:64], signature[64:128]
        outer = self.certification(signature[128:], 6)
        self.qe, self.qe_signature = outer[:384], outer[384:448]
        auth = int.from_bytes(outer[448:450], "little")
        self.auth = self.take(outer, 450, auth)
        self.chain = pem_chain(self.certification(outer[450 + auth:], 5))

    @staticmethod
    def take(data, at, size):
        if len(data) < at or at + size > len(data):
            raise Malformed("truncated")
        return data[at:at + size]

    @staticmethod
    def certification(data, kind):
        if len(data) < 6 or int.from_bytes(data[:2], "little") != kind:
            raise Malformed("other certification data")
        if int.from_bytes(data[2:6], "little") != len(data) - 6:
            raise Malformed("lengths disagree")
        return data[6:]


def platform_of(certificate):
    out = {}
    for _, item, _ in der_items(der_items(certificate.extensions[SGX_EXTENSION])[0][1]):
        oid, value = der_items(item)
        number = oid[1][-1]
        if number == 2:
            parts = [der_items(part) for _, part, _ in der_items(value[1])]
            svns = {part[0][1][-1]: part[1][1] for part in parts}
            out["components"] = [int.from_bytes(svns[i], "big") for i in range(1, 17)]
            out["pce_svn"] = int.from_bytes(svns[17], "big")
        elif number in (3, 4):
            out["pce_id" if number == 3 else "fmspc"] = value[1].hex()
    return out


# ---- Intel's lists -------------------------------------------------------------------------------
def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def no_duplicates(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Malformed("a name twice")
    return dict(pairs)


def signed_list(data, name, key, wrong):
    """The list, if the key signed exactly its bytes."""
    text = data.decode()
    start = text.index('"' + name + '":') + len(name) + 3
    body = text[start:text.rindex(',"signature"')]
    envelope = json.loads(text, object_pairs_hook=no_duplicates)
    if not verify_raw(key, body.encode(), bytes.fromhex(envelope["signature"])):
        wrong.add(name + " signature")
        return None
    return json.loads(body)


def first_level(levels, fits):
    return next((level for level in levels if fits(level["tcb"])), None)


def converge(platform, parts):
    if "Revoked" in [platform, *parts]:
        return "Revoked"
    if "OutOfDate" in parts:
        if platform.startswith("Configuration") or platform == "OutOfDateConfigurationNeeded":
            return "OutOfDateConfigurationNeeded"
        return "OutOfDate"
    return platform


def tcb_status(svn, platform, info, qe_status):
    major = svn[1]
    first = 2 if major else 0
    level = first_level(info["tcbLevels"], lambda tcb: (
        platform["pce_svn"] >= tcb["pcesvn"]
        and all(a >= b["svn"] for a, b in zip(platform["components"], tcb["sgxtcbcomponents"]))
        and all(svn[i] >= tcb["tdxtcbcomponents"][i]["svn"] for i in range(first, 16))))
    if level is None:
        return None
    parts = [qe_status]
    if major:
        identity = module_identity(info, major)
        module = identity and first_level(identity["tcbLevels"],
                                          lambda tcb: svn[0] >= tcb["isvsvn"])
        if not module:
            return None
        parts.append(module["tcbStatus"])
    return converge(level["tcbStatus"], parts)


def module_identity(info, major):
    name = f"TDX_{major:02x}"
    return next((each for each in info.get("tdxModuleIdentities", [])
                 if each["id"].lower() == name.lower()), None)


def masked(report, mask):
    return bytes(a & b for a, b in zip(report, bytes.fromhex(mask)))


def check_lists(quote, leaf, files, key, at, wrong):
    """The TCB status, or None."""
    if key is None:
        return None  # the signing chain is named already
    info = signed_list(files["tcbinfo"], "tcbInfo", key, wrong)
    qe = signed_list(files["qeid"], "enclaveIdentity", key, wrong)
    if info and (info["id"] != "TDX" or info["version"] != 3 or info["tcbType"] != 0):
        wrong.add("TCB info of another kind")
        info = None
    if qe and (qe["id"] != "TD_QE" or qe["version"] != 2):
        wrong.add("identity of another enclave")
        qe = None
    for one in filter(None, (info, qe)):
        if not when(one["issueDate"]) <= at <= when(one["nextUpdate"]):
            wrong.add("list not valid")
    if info is None or qe is None:
        return None
    platform = platform_of(leaf)
    if (info["fmspc"].lower(), info["pceId"].lower()) != (platform["fmspc"], platform["pce_id"]):
        wrong.add("TCB info of another platform")
        return None
    report = quote.qe
    level = first_level(qe["tcbLevels"], lambda tcb: (
        int.from_bytes(report[258:260], "little") >= tcb["isvsvn"]))
    same = (report[128:160].hex() == qe["mrsigner"].lower()
            and int.from_bytes(report[256:258], "little") == qe["isvprodid"]
            and masked(report[16:20], qe["miscselectMask"]).hex() == qe["miscselect"].lower()
            and masked(report[48:64], qe["attributesMask"]).hex() == qe["attributes"].lower()
            and not report[48] & 2)
    if not same or level is None:
        wrong.add("another quoting enclave")
        return None
    svn = quote.body[0:16]
    module = module_identity(info, svn[1]) if svn[1] else info["tdxModule"]
    if (module is None or quote.body[64:112].hex() != module["mrsigner"].lower()
            or quote.body[112:120] != bytes(8)):
        wrong.add("another TDX module")
        return None
    status = tcb_status(svn, platform, info, level["tcbStatus"])
    if status and len(quote.body) == 648:
        current = tcb_status(quote.body[584:600], platform, info, level["tcbStatus"])
        if current is None:
            status = None
        elif status.startswith("OutOfDate") and not current.startswith(("OutOfDate", "Revoked")):
            status = "TDRelaunchAdvised" + (
                "ConfigurationNeeded" if current.startswith("Configuration") else "")
    if status is None:
        wrong.add("no matching TCB level")
    elif status != "UpToDate":
        wrong.add("TCB not up to date")
    return status


def issued(certificate, issuer):
    return certificate.issuer == issuer.subject and verify_der(
        issuer.key, certificate.signed, certificate.signature)


def check_crl(data, issuer, at, wrong, name):
    try:
        crl = Crl(data)
    except (Malformed, ValueError, IndexError):
        wrong.add(name)
        return set()
    if crl.issuer != issuer.subject or not verify_der(issuer.key, crl.signed, crl.signature):
        wrong.add(name)
        return set()
    if not crl.this_update <= at <= crl.next_update:
        wrong.add(name + " not valid")
    return crl.serials


def check_chains(quote, files, at, wrong):
    """(PCK leaf, TCB signing key), each None if its chain is wrong."""
    names = (("Intel SGX PCK Certificate",),
             ("Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"), ("Intel SGX Root CA",))
    chain = [Certificate(der) for der in quote.chain]
    good = (len(chain) == 3
            and hashlib.sha256(chain[2].der).hexdigest() == INTEL_ROOT_SHA256
            and all(each.name in allowed for each, allowed in zip(chain, names))
            and [each.is_ca() for each in chain] == [False, True, True]
            and issued(chain[0], chain[1]) and issued(chain[1], chain[2]))
    if not good:
        wrong.add("PCK chain")
        return None, None
    leaf, authority, root = chain
    revoked = check_crl(files["rootcrl"], root, at, wrong, "root CRL")
    if leaf.serial in check_crl(files["pckcrl"], authority, at, wrong, "PCK CRL"):
        wrong.add("revoked")
    signing = [Certificate(der) for der in pem_chain(files["chain"])]
    if (len(signing) != 2 or signing[1].der != root.der or not issued(signing[0], root)
            or signing[0].name != "Intel SGX TCB Signing"):
        wrong.add("TCB signing chain")
        signing = []
    for each in chain + signing:
        if not each.not_before <= at <= each.not_after:
            wrong.add("certificate not valid")
        if each.serial in revoked:
            wrong.add("revoked")
    return leaf, signing[0].key if signing else None


def check_td(body, wrong):
    attributes = int.from_bytes(body[120:128], "little")
    xfam = int.from_bytes(body[128:136], "little")
    if attributes & 0xFF:
        wrong.add("debug")
    if not attributes & (1 << 28):
        wrong.add("SEPT_VE_DISABLE")
    if attributes & ~(0xFF | 1 << 28):
        wrong.add("TD attributes")
    if xfam & 3 != 3 or xfam & ~0x6DBE7:
        wrong.add("XFAM")
    if any(body[600:648]):
        wrong.add("service TD")


def judge(data, files, at):
    """(names of what is wrong, TCB status or None).

    `files`: the bytes of tcbinfo, qeid, pckcrl, rootcrl and chain.
    """
    wrong = set()
    try:
        quote = Quote(data)
    except Malformed:
        return {"malformed"}, None
    if any(quote.trailing):
        wrong.add("trailing bytes")
    check_td(quote.body, wrong)
    bound = hashlib.sha256(quote.key + quote.auth).digest() + bytes(32)
    if quote.qe[320:384] != bound:
        wrong.add("attestation key")
    if not verify_raw(quote.key, quote.signed, quote.signature):
        wrong.add("quote signature")
    try:
        leaf, signing_key = check_chains(quote, files, at, wrong)
    except (Malformed, ValueError, IndexError):
        wrong.add("PCK chain")
        return wrong, None
    if leaf is None:
        return wrong, None
    if not verify_raw(leaf.key, quote.qe, quote.qe_signature):
        wrong.add("QE report signature")
    return wrong, check_lists(quote, leaf, files, signing_key, at, wrong)
