"""What a process that reads strangers' files is kept from: memory, time, files, network, others.

Everything here holds for the calling process and cannot be undone by it. None of it needs root.
Where the system lacks a means the others hold, and ``confine`` says which do: limits are POSIX's;
rules of files (Landlock, Linux 5.13) and of system calls (seccomp, Linux 3.17) are Linux's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

MEMORY: Final = 1_000_000_000  # bytes of address space, under 1 GiB
SECONDS: Final = 20  # of computing, for one file, also one in an archive
WAITED: Final = 60  # seconds for one file in all: a machine may be busy with other things
ARCHIVE_WAITED: Final = 120  # seconds for all files of an archive
OPEN_FILES: Final = 64

_NO_NEW_PRIVILEGES: Final = 38  # of prctl(2)


def confine() -> tuple[str, ...]:
    """Confine this process for good; returns what holds: "memory", "files", "calls"."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # ended first where memory runs out
    ways = {"memory": _limit, "files": _limit_files, "calls": _limit_calls}
    if sys.platform != "linux":
        del ways["files"], ways["calls"]
    return tuple(name for name, limit in ways.items() if limit())


def allow_seconds(seconds: int = SECONDS) -> None:
    """Let this process compute for ``seconds`` more; SIGXCPU ends it then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _limit() -> bool:
    """The memory, and what is open or written; macOS has no limit of memory that holds."""
    limits = {
        resource.RLIMIT_NOFILE: OPEN_FILES, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: MEMORY,
    }  # fmt: skip
    held = True
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            held = False
    return held and sys.platform == "linux"


# Files: see landlock(7)
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every machine
_READ: Final = 1 << 2 | 1 << 3  # of files and of folders
_HANDLED: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP: Final = 0b11  # binding and connecting
_SCOPES: Final = 0b11  # abstract sockets and signals


def _limit_files() -> bool:
    """Only the libraries' files can be read, and none written."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, 0, 1)
    if version < 1:
        return False
    handled = max(rights for since, rights in _HANDLED.items() if since <= version)
    rules = [handled, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0]
    size = 8 * (3 if version >= 6 else 2 if version >= 4 else 1)
    ruleset = libc.syscall(_CREATE, struct.pack("=3Q", *rules), size, 0)
    if ruleset < 0:
        return False
    try:
        for folder in _libraries():
            _allow(libc, ruleset, folder)
        return _no_new_privileges(libc) and bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    try:
        place = os.open(path, os.O_PATH)
    except OSError:
        return
    rights = _READ if path.is_dir() else _READ & 1 << 2
    libc.syscall(_ADD, ruleset, 1, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _libraries() -> Iterator[Path]:
    """What is read while modules load; of the folders of Python's path those that hold packages
    alone, since a project's holds its indexes too."""
    yield Path(__file__).resolve().parents[1]
    for place in (sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path):
        if place and Path(place).name in ("site-packages", "dist-packages"):
            yield Path(place)
        elif place in (sys.prefix, sys.base_prefix, sys.exec_prefix):
            yield Path(place) / "lib"
    yield from map(Path, ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo"))
    yield from map(Path, ("/etc/localtime", "/etc/ld.so.cache", "/dev/null", "/dev/urandom"))


def _no_new_privileges(libc: ctypes.CDLL) -> bool:
    return bool(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0)


# System calls: see seccomp(2)
# name: (x86-64, AArch64). What opens the network, starts programs, or reaches other processes.
_DENIED: Final = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "sendmsg": (46, 211),
    "sendmmsg": (307, 269), "clone": (56, 220), "clone3": (435, 435), "fork": (57, None),
    "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "mount": (165, 40), "umount2": (166, 39),
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "shmget": (29, 194),
    "msgget": (68, 186), "mknodat": (259, 33), "symlinkat": (266, 36), "unlinkat": (263, 35),
}  # fmt: skip
# Allowed where their first argument is this process, by its number or by the number 0.
_OWN_ONLY: Final = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "prlimit64": (302, 261),
}  # fmt: skip
_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # AUDIT_ARCH_*
_X32: Final = 0x40000000  # numbers from there on are another way to call the same
_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF's instructions
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # the last: EPERM
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


def _limit_calls() -> bool:
    if platform.machine() not in _MACHINES:
        return False
    column, machine = _MACHINES[platform.machine()]
    program = b"".join(_program(column, machine))
    code = ctypes.create_string_buffer(program, len(program))
    holder = struct.pack("HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    return _no_new_privileges(libc) and bool(libc.prctl(_SECCOMP, _FILTER, holder, 0, 0) == 0)


def _program(column: int, machine: int) -> Iterator[bytes]:
    yield from (_step(_LOAD, _MACHINE), _step(_EQUALS, machine, 1, 0), _step(_RETURN, _KILL))
    yield from (_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _REFUSE))
    for number in _numbers(_DENIED.values(), column):
        yield from (_step(_EQUALS, number, 0, 1), _step(_RETURN, _REFUSE))
    for number in _numbers(_OWN_ONLY.values(), column):
        yield from (_step(_EQUALS, number, 0, 5), _step(_LOAD, _ARGUMENT))
        yield from (_step(_EQUALS, 0, 1, 0), _step(_EQUALS, os.getpid(), 0, 1))
        yield from (_step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE))
    yield _step(_RETURN, _ALLOW)


def _numbers(calls: Iterable[tuple[int | None, ...]], column: int) -> Iterator[int]:
    return (number for call in calls if (number := call[column]) is not None)


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """An instruction; the last two say how many to pass over."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
