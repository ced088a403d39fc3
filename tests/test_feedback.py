"""Feedback: kept beside the index, and turned into a question set that evaluation takes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.evaluation import questionset
from assistant.index.index import KEPT
from assistant.records import feedback as feedback_module
from assistant.records.feedback import Export, Feedback, FeedbackError, export, fingerprint, write
from assistant.settings import Settings
from assistant.types import Answer, Citation
from tests.fixtures import make_article

FIRST = "Ông Nguyễn Thanh Tâm là bí thư đảng ủy phường Lái Thiêu."
SECOND = "Ông Nguyễn Văn Châu là chủ tịch phường Tân Phước."
ARTICLE = make_article(f"{FIRST}\n\n{SECOND}")
REFUSAL = Answer("Giá vàng hôm nay?", "Các bài viết không cho biết.", "vi", 0.2, ())


def answered(question: str = "Ai là bí thư phường Lái Thiêu?", quote: str = FIRST) -> Answer:
    start = ARTICLE.text.find(quote)
    end = start + len(quote)
    citation = Citation(1, ARTICLE.id, ARTICLE.title, start, end, quote, start >= 0)
    return Answer(question, f"Theo bài viết:\n“{quote}” [1]", "vi", 0.9, (citation,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Feedback]:
    store = Feedback.open(tmp_path)
    yield store
    store.close()


def exported(store: Feedback) -> Export:
    return export(store.records(), [ARTICLE])


# Keeping


def test_an_opinion_is_kept_with_what_gave_the_answer(store: Feedback, tmp_path: Path) -> None:
    store.add(answered(), "bad", "wrong sentence", SECOND, "sai người", "an", "f00d")
    again = Feedback.open(tmp_path)
    (record,) = again.records()
    again.close()
    assert (record.opinion, record.reason, record.correction) == ("bad", "wrong sentence", SECOND)
    assert (record.comment, record.who, record.fingerprint) == ("sai người", "an", "f00d")
    assert (record.question, record.answer) == (answered().question, answered().text)
    assert (record.confidence, record.language, record.grounding) == (0.9, "vi", "grounded")
    assert record.citations == answered().citations
    assert record.time.endswith("+00:00")


def test_an_opinion_is_taken_back_only_by_its_own_person(store: Feedback) -> None:
    number = store.add(answered(), "good", who="an")
    for who in ("binh", ""):
        with pytest.raises(FeedbackError, match="of yours"):
            store.remove(number, who)
    store.remove(number, "an")
    assert store.records() == []


def test_an_opinion_replaces_only_the_same_persons_of_the_same_answer(store: Feedback) -> None:
    number = store.add(answered(), "good", who="an")
    store.add(answered(), "bad", who="binh", replaces=number)
    store.add(answered(quote=SECOND), "bad", who="an", replaces=number)
    assert [r.opinion for r in store.records()] == ["good", "bad", "bad"]
    store.add(answered(), "bad", "other", who="an", replaces=number)
    assert [(r.opinion, r.who) for r in store.records()].count(("good", "an")) == 0
    assert len(store.records()) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"opinion": "fine"}, "'fine'"),
        ({"opinion": "bad", "reason": "boring"}, "'boring'"),
        ({"opinion": "good", "reason": "should refuse"}, "good answer has no reason"),
        ({"opinion": "good", "correction": "x"}, "good answer has no reason"),
        ({"opinion": "bad", "comment": "x" * 5001}, "comment has 5001 characters"),
        ({"opinion": "bad", "correction": "x" * 5001}, "correction has 5001 characters"),
        ({"answer": replace(REFUSAL, question="  "), "opinion": "bad"}, "needs the question"),
        ({"answer": replace(REFUSAL, text="x" * 200_000), "opinion": "bad"}, "more than 200000"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    store: Feedback, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(FeedbackError, match=words) as error:
        store.add(**({"answer": answered()} | changes))
    assert "\n" not in str(error.value)
    assert store.records() == []


def test_hostile_texts_are_kept_as_they_are(store: Feedback) -> None:
    question = "x'); DROP TABLE feedback;-- <script>alert(1)</script> \ud800"
    store.add(answered(question), "good", who="'; --")
    (record,) = store.records()
    assert record.question == question.replace("\ud800", "\ufffd")
    assert record.who == "'; --"


def test_threads_lose_nothing(store: Feedback) -> None:
    def many() -> None:
        for _ in range(20):
            store.add(answered(), "good")

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.id for record in store.records()) == list(range(1, 81))


def test_processes_lose_nothing(tmp_path: Path) -> None:
    """Each makes the file when it is the first."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom assistant.records.feedback import Feedback\n"
        "from assistant.types import Answer\nstore = Feedback.open(Path(sys.argv[1]))\n"
        "for _ in range(20): store.add(Answer('Ai?', 'Không rõ.', 'vi', 0.1, ()), 'good')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    store = Feedback.open(tmp_path)
    assert len(store.records()) == 60
    store.close()


def test_only_the_programs_user_can_read_it(store: Feedback, tmp_path: Path) -> None:
    store.add(answered(), "good")
    for path in tmp_path.glob("feedback.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"not a database, but quite long " * 100, b"SQLite"])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / feedback_module.FILE).write_bytes(content)
    with pytest.raises(FeedbackError, match=r"feedback\.sqlite is damaged"):
        Feedback.open(tmp_path)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FeedbackError, match="cannot be opened"):
        Feedback.open(tmp_path / "no")
    with pytest.raises(FeedbackError, match="No feedback at"):
        Feedback.open(tmp_path, create=False)


def test_the_fingerprint_changes_with_what_changes_answers() -> None:
    model = {"model": "bundled"}
    one = fingerprint(Settings(), model)
    assert one == fingerprint(Settings(port=9, index="x"), model)
    assert one != fingerprint(Settings(refuse_below=0.5), model)
    assert one != fingerprint(Settings(), {"model": "other"})
    assert one != fingerprint(Settings(), model, "ollama:qwen")


# To a question set


def test_a_good_answer_gives_its_sentence_and_a_good_refusal_an_unanswerable(
    store: Feedback,
) -> None:
    store.add(answered(), "good")
    store.add(REFUSAL, "good")
    one, two = exported(store).questions
    assert (one["evidence"], one["answers"], one["unanswerable"]) == (FIRST, [FIRST], False)
    assert (two["evidence"], two["answers"], two["unanswerable"]) == ("", [], True)
    assert exported(store).todo == ()


def test_an_answer_in_a_models_words_gives_those(store: Feedback) -> None:
    answer = replace(answered(), text="Ông Tâm là bí thư [1].", llm="ollama:qwen")
    store.add(answer, "good")
    (line,) = exported(store).questions
    assert line["answers"] == ["Ông Tâm là bí thư."]


def test_a_correction_makes_a_bad_answer_a_line(store: Feedback) -> None:
    store.add(answered(quote=SECOND), "bad", "wrong sentence", f" “{FIRST}”\n")
    store.add(answered("Ai thắng cuộc thi?"), "bad", "should refuse")
    one, two = exported(store).questions
    assert (one["evidence"], one["answers"]) == (FIRST, [])
    assert two["unanswerable"] is True


def test_a_decomposed_correction_is_found(store: Feedback) -> None:
    question = unicodedata.normalize("NFD", "Ai là bí thư?")
    correction = unicodedata.normalize("NFD", FIRST).replace(" ", "  ")
    store.add(replace(REFUSAL, question=question), "bad", "should answer", correction)
    (line,) = exported(store).questions
    assert (line["question"], line["evidence"]) == ("Ai là bí thư?", FIRST)


@pytest.mark.parametrize(
    ("reason", "correction", "why"),
    [
        ("", "", "no correction was given"),
        ("other", "", "no correction was given"),
        ("wrong sentence", "Ông Trần Văn Bình là bí thư.", "word for word"),
        ("wrong sentence", "Ông Tâm", "too short"),
    ],
)
def test_what_needs_a_person_is_a_line_to_complete(
    store: Feedback, reason: str, correction: str, why: str
) -> None:
    store.add(answered(quote=SECOND), "bad", reason, correction, "sai")
    found = exported(store)
    assert found.questions == ()
    (line,) = found.todo
    assert why in line["todo"]["why"]
    assert line["todo"]["quotes"] == [SECOND]
    assert line["todo"]["comment"] == "sai"


def test_a_follow_up_needs_a_person_but_restored_accents_do_not(store: Feedback) -> None:
    store.add(replace(answered("Còn ông ấy?"), query="Ông Tâm là ai?"), "good")
    store.add(replace(answered("ai la bi thu"), query="ai là bí thư"), "good")
    found = exported(store)
    assert [line["question"] for line in found.questions] == ["ai la bi thu"]
    assert "stands alone" in found.todo[0]["todo"]["why"]


def test_a_quote_that_left_the_articles_needs_a_person(store: Feedback) -> None:
    store.add(answered(), "good")
    found = export(store.records(), [make_article("Khác hẳn.")])
    assert found.questions == ()
    assert "in no indexed article any more" in found.todo[0]["todo"]["why"]


def test_duplicates_are_merged(store: Feedback) -> None:
    store.add(answered("Ai là bí thư?"), "good")
    store.add(answered("ai là  BÍ THƯ"), "good")
    store.add(answered("Ai là bí thư?", SECOND), "bad", "wrong sentence", FIRST)
    found = exported(store)
    (line,) = found.questions
    assert (line["question"], line["answers"]) == ("Ai là bí thư?", [FIRST])
    assert (found.merged, found.conflicts) == (2, ())


def test_a_question_without_accents_is_another_question(store: Feedback) -> None:
    store.add(answered("Ai là bí thư?"), "good")
    store.add(answered("Ai la bi thu?"), "good")
    assert len(exported(store).questions) == 2


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (
            (answered(), "good"),
            (answered(quote=SECOND), "good"),
            "2 different sentences are called right",
        ),
        ((answered(), "good"), (answered(), "bad"), "called good and bad"),
        ((answered(), "good"), (answered(), "bad", "should refuse"), "unanswerable"),
        ((REFUSAL, "good"), (REFUSAL, "bad"), "called good and bad"),
    ],
)
def test_contradictions_are_told_and_left_to_a_person(
    store: Feedback, one: tuple, other: tuple, words: str
) -> None:
    store.add(*one)
    store.add(*other)
    found = exported(store)
    assert found.questions == ()
    (conflict,) = found.conflicts
    assert words in conflict
    assert one[0].question in conflict
    assert len(found.todo) == 2


def test_a_person_may_think_again(store: Feedback) -> None:
    store.add(answered(), "bad", who="an")
    store.add(answered(), "good", who="an")
    found = exported(store)
    assert len(found.questions) == 1
    assert (found.todo, found.conflicts) == ((), ())


def test_the_files_pass_as_a_question_set(store: Feedback, tmp_path: Path) -> None:
    store.add(answered("Ai \u2028là bí thư?\n"), "good")
    store.add(replace(REFUSAL, language="not a code"), "good")
    store.add(answered("Ai là chủ tịch?", SECOND), "bad")
    file, todo = tmp_path / "set.jsonl", tmp_path / "todo.jsonl"
    write(exported(store), file, todo)
    questions = questionset.load(file)
    assert questionset.check(questions, [ARTICLE]) == []
    assert [question.language for question in questions] == ["vi", "vi"]
    (line,) = map(json.loads, todo.read_text("utf-8").splitlines())
    del line["todo"]
    todo.write_text(json.dumps(line | {"evidence": SECOND}), "utf-8")  # as a person completes it
    assert questionset.check(questionset.load(todo), [ARTICLE]) == []


def test_ids_stay_when_it_is_exported_again(store: Feedback) -> None:
    store.add(answered(), "good")
    before = [line["id"] for line in exported(store).questions]
    store.add(REFUSAL, "good")
    assert [line["id"] for line in exported(store).questions][:1] == before


# On the command line


@pytest.fixture
def index(tmp_path: Path, fake_encoder: None) -> str:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "a.txt").write_text(ARTICLE.text, "utf-8")
    assert main(["index", str(folder), "--index", str(tmp_path / "index")]) == 0
    return str(tmp_path / "index")


def fill(index: str) -> None:
    store = Feedback.open(Path(index))
    store.add(answered(), "good")
    store.add(answered("Ai thắng?", SECOND), "bad")
    store.close()


def test_feedback_survives_a_rebuild_of_either_kind(index: str, tmp_path: Path) -> None:
    assert feedback_module.FILE in KEPT
    open_elsewhere = Feedback.open(Path(index))  # a server that is running
    fill(index)
    assert main(["index", "--index", index, "--rebuild"]) == 0
    assert main(["index", str(tmp_path / "news"), "--index", index, "--rebuild"]) == 0
    open_elsewhere.add(REFUSAL, "good")
    open_elsewhere.close()
    store = Feedback.open(Path(index))
    assert len(store.records()) == 3
    store.close()
    assert main(["search", "bí thư", "--index", index]) == 0
    assert not Path(f"{index}.new").exists()


def test_export_and_check(index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(index)
    file, todo = str(tmp_path / "set.jsonl"), str(tmp_path / "todo.jsonl")
    capsys.readouterr()
    assert main(["feedback", "export", file, "--todo", todo, "--index", index]) == 0
    assert "1 questions (0 duplicates merged), 1 to be completed" in capsys.readouterr().out
    assert main(["eval", file, "--check", "--index", index]) == 0
    assert capsys.readouterr().out.strip() == "1 questions, 0 faults"


def test_list(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(index)
    capsys.readouterr()
    assert main(["feedback", "list", "--index", index]) == 0
    out = capsys.readouterr().out
    assert "Ai thắng?" in out
    assert out.splitlines()[-1] == "2 opinions: 1 good, 1 bad"
    assert main(["feedback", "list", "--index", index, "--json"]) == 0
    assert [record["opinion"] for record in json.loads(capsys.readouterr().out)] == ["good", "bad"]


def test_conflicts_are_told_and_the_rest_is_exported(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(index)
    store = Feedback.open(Path(index))
    store.add(answered("Ai thắng?", SECOND), "good")
    store.close()
    capsys.readouterr()
    assert main(["feedback", "export", str(tmp_path / "s.jsonl"), "--index", index]) == 1
    out, err = capsys.readouterr()
    assert "Ai thắng?: the same answer is called good and bad" in err
    assert "1 questions" in out
    assert "1 conflicts" in out


def test_what_cannot_be_exported_is_one_line(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "s.jsonl")
    capsys.readouterr()
    for arguments, words in (
        (["feedback", "list", "--index", index], "No feedback at"),
        (["feedback", "export", file, "--index", "/no/such"], "No feedback at"),
    ):
        assert main(arguments) == 2
        err = capsys.readouterr().err
        assert words in err
        assert len(err.splitlines()) == 1
    store = Feedback.open(Path(index))
    store.add(answered(), "bad")
    store.close()
    assert main(["feedback", "export", "--index", index]) == 2
    assert "needs a FILE" in capsys.readouterr().err
    assert main(["feedback", "export", file, "--index", index]) == 2
    assert "name a file for them with --todo" in capsys.readouterr().err
    assert not Path(file).exists()
