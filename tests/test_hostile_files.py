"""Files that are made to do harm are read or refused; who asks for them stays untouched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.articles import _readers, _worker, apart
from assistant.articles._messages import (
    NO_MEMORY,
    NoMessage,
    document_in,
    of_document,
    packed,
    receive,
    unpacked,
)
from assistant.articles._readers import Members
from assistant.articles.apart import reading
from assistant.articles.document import Document
from assistant.articles.files import read_articles
from assistant.index.passages import split
from assistant.server._file_messages import in_language
from assistant.types import Article, CorpusError
from tests.hostile import BROKEN, LARGE, LONG, SLOW, zipped
from tests.hostile_cases import CASES
from tests.hostile_checks import DOCUMENTS, InProcess, check, results
from tests.limits import limited


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.heavy])
def test_a_hostile_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)


def test_there_are_many_kinds() -> None:
    assert len(CASES) >= 111


def test_what_is_read_apart_is_what_is_read_here() -> None:
    """For a file of each kind; the reliability tests compare all."""
    some = {path.suffix: path for path in DOCUMENTS}
    assert len(some) > 15
    with reading() as read:
        assert results([*some.values()], read) == results([*some.values()], InProcess)


# What a reader that a file has taken over can do
# Each code in a confined copy of a small process, which prints what becomes of each.
CONFINED = """
import json, os, sys
from assistant.articles._confinement import confine
codes, kept = json.loads(sys.argv[1])
found = []
for code in codes:
    source, sink = os.pipe()
    if os.fork() == 0:
        told = {"kept": kept}
        try:
            confine()
            exec(code, told)
            said = str(told.get("said", "done"))
        except BaseException as error:
            said = type(error).__name__
        os.write(sink, said.encode())
        os._exit(0)
    os.close(sink)
    found.append(os.read(source, 1000).decode())
    os.wait()
print(json.dumps(found))
"""
DENIED = "PermissionError"
TRIED = {
    "import socket; socket.create_connection(('127.0.0.1', 9))": DENIED,
    "import socket; socket.socketpair()": DENIED,
    "import os; os.fork()": DENIED,
    "import os; os.execv('/bin/true', ['true'])": DENIED,
    "import os, signal; os.kill(os.getppid(), signal.SIGKILL)": DENIED,
    "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (1, 1))": DENIED,
    "open('/etc/passwd').read()": DENIED,
    "open(kept + '/secret').read()": DENIED,
    "open(kept + '/written', 'w').write('x')": DENIED,
    "open('/proc/self/environ').read()": DENIED,
    "import os; os.listdir('/')": DENIED,
    "import os; os.unlink(kept + '/secret')": DENIED,
    "import os; os.rename(kept + '/secret', kept + '/b')": DENIED,
    "said = len(bytearray(2_000_000_000))": "MemoryError",
    "import threading; threading.Thread(target=print).start()": "RuntimeError",
    "import json, lxml.html; said = lxml.html.fromstring('<p>a').text": "a",
}


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
def test_a_reader_that_is_taken_over_reaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    asked = json.dumps([[*TRIED], str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, asked], capture_output=True, text=True, check=True
    )
    assert dict(zip(TRIED, json.loads(done.stdout), strict=True)) == TRIED
    assert (tmp_path / "secret").read_text() == "x"
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    "said",
    [
        b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"document": 1}', b'{"document": {}}',
        b'{"document": {"text": 1, "marked": true, "collected": true}}',
        packed({"document": {"text": "", "marked": 1, "collected": False}}),
    ],
)  # fmt: skip
def test_what_a_reader_says_is_believed_only_as_texts(said: bytes) -> None:
    with pytest.raises(NoMessage):
        document_in(unpacked(said).get("document"))


@pytest.mark.parametrize("member", ["../a.txt", "/etc/passwd", "a/../../b", "a\0b", "\ud800.txt"])
def test_a_member_leads_nowhere_else(member: str) -> None:
    told = of_document(Document(LONG, member="a.txt"))
    told |= {"notes": [], "byline": [], "edges": []}
    assert document_in(told).member == "a.txt"
    with pytest.raises(NoMessage):
        document_in(told | {"member": member})


def test_a_message_that_claims_too_much_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(NoMessage):
            receive(ours, time.monotonic() + 5)
        with pytest.raises(TimeoutError):
            receive(ours, time.monotonic() + 0.05)


def test_a_reader_that_says_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, data = tmp_path / "a.json", b'{"text": "Mot."}'
    with reading() as read:
        assert read.documents_of(path, data)[0].text == "Mot."
        assert read._reader is not None
        os.kill(read._reader.number, signal.SIGSTOP)
        with monkeypatch.context() as patched, pytest.raises(CorpusError) as raised:
            patched.setattr(apart, "MOST_SECONDS", 0.3)
            read.documents_of(path, data)
        assert read.documents_of(path, data)[0].text == "Mot."
    said = "a.json takes too long to read: split it, or save its text as .txt"
    assert str(raised.value).endswith(said)
    told = in_language(said, "vi")
    assert told.startswith("a.json mất quá nhiều thời gian để đọc: hãy chia nhỏ")


def test_a_reader_that_breaks_off_is_replaced(tmp_path: Path) -> None:
    """What one file does to it is no fault of the next one."""
    path = tmp_path / "a.json"
    with reading() as read:
        assert read.documents_of(path, b'{"text": "Mot."}')[0].text == "Mot."
        first = read._reader
        assert first is not None
        first.asked.shutdown(socket.SHUT_RDWR)
        assert read.documents_of(path, b'{"text": "Hai."}')[0].text == "Hai."
        assert read._reader is not None and read._reader.number != first.number


def test_the_nursery_is_started_again_and_a_copy_of_the_process_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"text": "Mot."}')
    read_articles([path])
    process = apart._nursery._process
    assert process is not None
    process.kill()
    process.wait()
    assert len(read_articles([path]).articles) == 1
    child = os.fork()
    if child == 0:
        found = len(read_articles([path]).articles)
        apart._nursery.close()
        os._exit(7 if found == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert len(read_articles([path]).articles) == 1


def test_several_are_read_at_the_same_time(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.json" for n in range(6)]
    for n, path in enumerate(paths):
        path.write_text(f'{{"text": "Bài {n}."}}')
    found: dict[Path, str] = {}

    def read(path: Path) -> None:
        found[path] = read_articles([path]).articles[0].text

    threads = [threading.Thread(target=read, args=[path]) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[path] for path in paths] == [f"Bài {n}." for n in range(6)]


def test_no_secret_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "secret" not in apart._environment().values()


# What is no file
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    (tmp_path / "b.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "c.txt"))
    (tmp_path / "d.txt").symlink_to("/proc/kmsg")
    (tmp_path / "e.txt").symlink_to("e.txt")
    (tmp_path / "f.txt").symlink_to("/dev/tty")
    (tmp_path / "g.html").symlink_to(tmp_path / "a.txt")
    with limited(60):
        corpus = read_articles([tmp_path])
    assert not corpus.articles
    assert len(corpus.faults) == 7
    assert all("\n" not in str(fault) for fault in corpus.faults)


def test_folders_300_deep_and_links_that_lead_back(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for depth in range(300):
            os.mkdir("sâu-thêm-một-tầng", dir_fd=here)
            inner = os.open("sâu-thêm-một-tầng", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
            if depth in (10, 298):
                file = os.open("a.txt", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=here)
                os.write(file, f"{LONG} {depth}".encode())
                os.close(file)
    finally:
        os.close(here)
    (tmp_path / "vòng").symlink_to(tmp_path)
    corpus = read_articles([tmp_path])
    assert [article.text for article in corpus.articles] == [f"{LONG} 10"]
    assert len(corpus.faults) >= 1
    assert all("\n" not in str(fault) for fault in corpus.faults)


def test_names_of_any_bytes(tmp_path: Path) -> None:
    for number, name in enumerate((b"a\nb.txt", b"\xff\xfe.html", b"\x1b[31m.md", b"-rf.json")):
        text = f"{LONG} {number}"
        content = f'{{"text": "{text}"}}' if name.endswith(b"json") else f"<p>{text}</p>"
        (tmp_path / os.fsdecode(name)).write_text(content)
    corpus = read_articles([*tmp_path.iterdir()])
    assert len(corpus.articles) == 4 and not corpus.faults
    assert all(article.path.isprintable() or "\n" in article.path or "\x1b" in article.path
               for article in corpus.articles)  # fmt: skip
    for article in corpus.articles:
        article.path.encode()


def test_files_that_change_while_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            path.write_text('{"text": "' + LONG * 50 + '"}')
            path.unlink()

    path.write_text("{}")
    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            corpus = read_articles([path])
            assert len(corpus.articles) + len(corpus.faults) == 1
    finally:
        over.set()
        thread.join()


# How long it takes
@pytest.mark.parametrize("line", ["a\n\n", "# a\n\n", "- a\n", "A. ", "a, ", "“", "a\n"])
def test_time_grows_with_the_text_and_no_faster(line: str) -> None:
    def seconds(count: int) -> float:
        article = Article("a", "t", line * count, "vi", marked=line.startswith("#"))
        begun = time.process_time()
        split(article, 40)
        return time.process_time() - begun

    seconds(10)
    few = min(seconds(1_000) for _ in range(3))
    assert min(seconds(4_000) for _ in range(2)) < 6 * max(few, 0.01)


class Nursery:
    """Of readers that end at each file in ``ending``, with this exit status."""

    def __init__(self, ending: set[str], status: int) -> None:
        self.ending, self.status = ending, status
        self.started = 0

    def start(self, kind: str) -> apart._Reader:
        ours, theirs = socket.socketpair()
        self.started += 1
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return apart._Reader(self.started, ours, ())

    def end(self, reader: apart._Reader) -> tuple[int, int, float]:
        reader.asked.close()
        return self.status, 0, 0.0

    def _serve(self, asker: socket.socket) -> None:
        """As _worker.serve answers, but for what ends it."""
        with asker, contextlib.suppress(NoMessage, OSError, Ending):
            while True:
                asked = unpacked(receive(asker))
                _worker._answer(asker, Path(asked["path"]), receive(asker), asked["faults"])

    def ends(self, path: Path, data: bytes, members: Members) -> list[Document]:
        if path.name in self.ending:
            raise Ending
        return self.read(path, data, members)

    read = staticmethod(_readers._documents_of)


class Ending(BaseException):
    """A reader's."""


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Nursery]:
    def made(*ending: str, status: int = 0) -> Nursery:
        found = Nursery(set(ending), status)
        monkeypatch.setattr(apart, "_nursery", found)
        monkeypatch.setattr(_readers, "_documents_of", found.ends)
        monkeypatch.setattr(_worker, "allow_seconds", lambda: None)
        return found

    return made


def archive_of(*names: str) -> bytes:
    return zipped({name: f"{LONG} {name}" for name in names})


@pytest.mark.parametrize(
    ("status", "why"),
    [(-signal.SIGXCPU, SLOW), (NO_MEMORY, LARGE), (-signal.SIGSEGV, BROKEN)],
)
def test_a_file_that_ends_its_reader_costs_the_others_of_its_archive_nothing(
    status: int, why: str, nursery: Callable[..., Nursery], tmp_path: Path
) -> None:
    made = nursery("b.txt", "d.txt", status=status)
    path = tmp_path / "a.zip"
    files = {"a.txt": LONG, "b.txt": LONG + " b", "c.txt": LONG + " c"}
    path.write_bytes(zipped({**files, "in.zip": archive_of("d.txt", "e.txt")}))
    found = read_articles([path])
    inside = [one.path.rpartition("a.zip/")[2] for one in found.articles]
    assert inside == ["a.txt", "c.txt", "in.zip/e.txt"]
    first, second = map(str, (*found.faults, *found.notes))
    assert f"a.zip/b.txt {why}" in first and f"a.zip/in.zip/d.txt {why}" in second
    assert made.started == 3


def test_an_archive_of_files_that_end_their_readers_is_given_up(
    nursery: Callable[..., Nursery], tmp_path: Path
) -> None:
    names = [f"{number}.txt" for number in range(apart.MOST_BROKEN + 2)]
    made = nursery(*names, status=-signal.SIGSEGV)
    path = tmp_path / "a.zip"
    with pytest.raises(CorpusError, match=BROKEN), reading() as read:
        read.documents_of(path, archive_of(*names))
    assert made.started == apart.MOST_BROKEN + 1


def test_an_archive_whose_files_take_too_long_in_all_is_given_up(
    nursery: Callable[..., Nursery], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nursery()
    monkeypatch.setattr(apart, "MOST_ARCHIVE_SECONDS", 0.5)
    monkeypatch.setattr(_worker, "allow_seconds", lambda: time.sleep(0.2))
    with pytest.raises(CorpusError, match=SLOW), reading() as read:
        read.documents_of(tmp_path / "a.zip", archive_of(*(f"{n}.txt" for n in range(20))))
