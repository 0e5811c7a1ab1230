"""A machine of our own to test in: a kernel under qemu, and a root of only the files it is given.

For what depends on how a whole machine was booted. Emulated, not virtualised (tcg), so that it
works in a container and in CI; it is up in seconds and has no disk and no network.
"""
import dataclasses
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

QEMU = "qemu-system-x86_64"
ROOT = Path(__file__).resolve().parents[2]
KERNEL = Path(os.environ.get("MAYFLY_GUEST_KERNEL", ROOT / "build/guest-kernel/vmlinuz"))
memory_mib = 768
boot_seconds_max = 850  # a minute, but for emulation beside a busy build


def why_not() -> str:
    """Why there can be no guest here; empty when there can."""
    if platform.machine() != "x86_64":
        return f"a guest is an x86_64 machine, and this is {platform.machine()}"
    if not shutil.which(QEMU):
        return f"no {QEMU}: apt-get install qemu-system-x86"
    if not KERNEL.exists():
        return f"no kernel at {KERNEL}: ./dev setup --all, or set MAYFLY_GUEST_KERNEL"
    return ""


@dataclasses.dataclass
class Entry:
    mode: int
    contents: bytes = b""
    device: tuple[int, int] = (0, 0)


class Root:
    """The guest's files, as an initramfs."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "proc", "sys", "dev",
                     "tmp"):
            self.directory(name)
        for name in ("bin", "sbin", "lib", "lib64"):
            self.entries[name] = Entry(0o120777, f"usr/{name}".encode())
        self.entries["dev/console"] = Entry(0o020600, device=(5, 1))

    def directory(self, name: str) -> None:
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            self.entries.setdefault("/".join(parts[:end]), Entry(0o040755))

    def add(self, name: str, contents: bytes, mode: int = 0o755) -> None:
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self.entries[name] = Entry(0o100000 | mode, contents)

    def program(self, path: Path) -> None:
        """At the same path as here, with the libraries that it loads."""
        self.copy(path)
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
        for library in re.findall(r"(?:=> |^\s+)(/\S+)", listed.stdout, re.MULTILINE):
            self.copy(Path(library))

    def copy(self, path: Path) -> None:
        name = str(path).lstrip("/")
        if re.match(r"(bin|sbin|lib|lib64)/", name):
            name = f"usr/{name}"
        if name not in self.entries:
            self.add(name, path.read_bytes())

    def image(self) -> bytes:
        """In cpio's "newc" form: Documentation/driver-api/early-userspace/buffer-format.rst."""
        out = bytearray()
        trailer = ("TRAILER!!!", Entry(0))
        for number, (name, entry) in enumerate([*self.entries.items(), trailer], 1):
            fields = (number, entry.mode, 0, 0, 1, 0, len(entry.contents), 0, 0, *entry.device,
                      len(name) + 1, 0)
            out += b"070701" + b"".join(b"%08X" % field for field in fields)
            for part in (name.encode() + b"\0", entry.contents):
                out += part
                out += bytes(-len(out) % 4)
        return bytes(out)


def boot(root: Root, kernel_options: str) -> str:
    """Runs /init until the guest ends. The value: everything that it wrote to its console."""
    with tempfile.TemporaryDirectory() as scratch:
        initrd = Path(scratch) / "initrd"
        initrd.write_bytes(root.image())
        command = [
            QEMU, "-M", "microvm,accel=tcg,acpi=off", "-cpu", "max", "-m", str(memory_mib),
            "-smp", "2", "-nodefaults", "-no-user-config", "-no-reboot", "-nographic",
            "-serial", "stdio", "-kernel", KERNEL, "-initrd", initrd, "-append",
            f"console=ttyS0 quiet panic=-1 reboot=t rdinit=/init {kernel_options}"]
        try:
            said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  timeout=boot_seconds_max).stdout
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"") + b"\n(the guest did not end in time)\n"
    return said.decode(errors="replace").replace("\r", "")
