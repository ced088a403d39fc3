"""Question sets: what is read from each format, and how faults are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.articles.facts import article_of
from assistant.articles.files import read_article, read_articles
from assistant.evaluation._questions import Question
from assistant.evaluation._squad import line_of
from assistant.evaluation.questionset import check, golds, load, with_gold
from assistant.types import Article, Hit, QuestionSetError

ROOT = Path(__file__).parents[1]
SEED_QUESTIONS = ROOT / "tests" / "questions" / "seed.jsonl"
SEED = ROOT / "seeds" / "000_db7cbbd52221714d.txt"


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


# -- the seed set --------------------------------------------------------------------------


def test_the_seed_set_is_about_the_seed_article() -> None:
    article = read_article(SEED)
    questions = load(SEED_QUESTIONS)
    assert check(questions, [article]) == []
    for question in questions:
        assert question.evidence in article.text
        assert all(answer in question.evidence for answer in question.answers), question.id
        assert len(question.answers) == (not question.unanswerable), question.id


def test_the_seed_set_is_large_and_mixed_enough() -> None:
    questions = load(SEED_QUESTIONS)
    languages = [question.language for question in questions]
    unaccented = [q for q in questions if q.language == "vi" and q.question.isascii()]
    assert len(questions) >= 80
    assert sum(question.unanswerable for question in questions) >= 25
    assert languages.count("en") >= 20
    assert len(unaccented) >= 20
    assert len(set(languages) - {"vi", "en"}) >= 2


# -- JSONL ---------------------------------------------------------------------------------

ROW = {"id": "1", "question": "Ai là bí thư?", "answers": ["Tâm"], "evidence": "Ông Tâm."}


def test_jsonl_is_read_with_its_defaults(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", ROW, "", {"id": "2", "question": "Vì sao?",
                 "unanswerable": True, "language": "vi"})  # fmt: skip
    first, second = load(path)
    assert first == Question("1", "Ai là bí thư?", ("Tâm",), "Ông Tâm.", False, "vi")
    assert (second.unanswerable, second.answers, second.grades) == (True, (), {})


def test_jsonl_is_read_in_nfc_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    decomposed = json.dumps(ROW | {"evidence": "O\u0302ng\r\nTa\u0302m."})
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + decomposed.encode())
    assert load(path)[0].evidence == "Ông\nTâm."


def test_a_set_of_ones_own_may_lack_ids_and_have_more_fields(tmp_path: Path) -> None:
    own = {"question": "Trạm bơm ở đâu?", "answers": "xã Tân Hòa", "checked by": "Hà", "level": 3}
    path = write(tmp_path / "q.jsonl", ROW, own, own | {"id": 12})
    _, nameless, numbered = load(path)
    assert (nameless.id, nameless.answers) == ("line 2", ("xã Tân Hòa",))
    assert numbered.id == "12"


@pytest.mark.parametrize(
    ("row", "line", "said"),
    [
        ("{", 2, "is not JSON"),
        ('{"id": NaN', 2, "is not JSON"),
        ([], 2, "is not an object"),
        ({"id": "2"}, 2, "field 'question': is missing"),
        ({"id": ["7"], "question": "x"}, 2, "field 'id': is not text"),
        (ROW | {"id": "2", "question": " "}, 2, "field 'question': is empty"),
        (ROW | {"id": "2", "answers": 5}, 2, "field 'answers': is not a list"),
        (ROW | {"id": "2", "answers": ["Tâm", 5]}, 2, "field 'answers[1]': is not text"),
        (ROW | {"id": "2", "answers": [""]}, 2, "field 'answers[0]': is empty"),
        (ROW | {"id": "2", "unanswerable": 1}, 2, "field 'unanswerable': is not true or false"),
        (ROW | {"id": "2", "unanswerable": True}, 2, "field 'answers': holds answers"),
        (ROW | {"id": "2", "answer": "x"}, 2, "field 'answer': is unknown; write 'answers'"),
        (ROW | {"id": "2", "language": "Vietnamese"}, 2, "field 'language': 'Vietnamese'"),
        ({"id": "2", "question": "x"}, 2, "field 'answers': is empty; give answers or evidence"),
        (ROW, 2, "field 'id': '1' is the id of line 1 too"),
    ],
)
def test_a_fault_in_jsonl_names_file_line_and_field(
    tmp_path: Path, row: Any, line: int, said: str
) -> None:
    path = write(tmp_path / "q.jsonl", ROW, row)
    with pytest.raises(QuestionSetError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.jsonl", b"", "line 1: the file holds no questions"),
        ("q.jsonl", b'{"id": "1"}\n\xff', "line 2: is not UTF-8 at byte 12"),
        ("q.csv", b"id,question", "is not a question set"),
        ("q.json", b'{"data": []}', "line 1, field 'data': holds no questions"),
        ("q.json", b'{\n"data": [}', "line 2: is not JSON"),
    ],
)
def test_a_file_that_is_no_question_set_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(QuestionSetError, match=said.replace("(", r"\(")):
        load(tmp_path / name)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match=r"gone\.jsonl cannot be read, No such file"):
        load(tmp_path / "gone.jsonl")


# -- SQuAD ---------------------------------------------------------------------------------

CONTEXT = "Sáng nay trời mưa. Ông Tâm họp ở Lái Thiêu. Chiều, ông Tâm về."


def squad(*qas: dict[str, Any], context: str = CONTEXT) -> dict[str, Any]:
    return {"data": [{"title": "T", "paragraphs": [{"context": context, "qas": list(qas)}]}]}


def qa(name: str = "1", text: str = "Tâm", start: int = CONTEXT.rindex("Tâm")) -> dict[str, Any]:
    return {
        "id": name,
        "question": "Ai họp ở phường?",
        "answers": [{"text": text, "answer_start": start}],
    }


def test_squad_gives_the_article_the_index_has_and_the_sentence_of_the_answer(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "s.json", squad(qa(), qa("2", start=CONTEXT.index("Tâm"))))
    (article,) = read_articles([path]).articles
    later, earlier = load(path)
    assert later.article_id == article.id
    assert later.grades == {article.id: 1}
    assert later.evidence == "Chiều, ông Tâm về."
    assert earlier.evidence == "Ông Tâm họp ở Lái Thiêu."
    assert later.language == "vi"


def test_squad_2_marks_what_cannot_be_answered(tmp_path: Path) -> None:
    impossible = {"id": "2", "question": "Ai vắng mặt?", "answers": [], "is_impossible": True,
                  "plausible_answers": [{"text": "Tâm", "answer_start": 0}]}  # fmt: skip
    path = write(tmp_path / "s.json", squad(qa(), impossible))
    question = load(path)[1]
    assert question.unanswerable
    assert question.answers == ()
    assert question.article_id == load(path)[0].article_id


def test_a_wrong_offset_is_mended_by_the_text(tmp_path: Path) -> None:
    off = qa(start=CONTEXT.index("Tâm") - 3)
    assert load(write(tmp_path / "s.json", squad(off)))[0].evidence == "Ông Tâm họp ở Lái Thiêu."


@pytest.mark.parametrize(
    ("document", "field", "why"),
    [
        (squad({**qa(), "id": None}), "data[0].paragraphs[0].qas[0].id", "is not text"),
        (squad(qa(), qa()), "data[0].paragraphs[0].qas[1].id", "'1' is the id of an earlier"),
        (squad({**qa(), "answers": []}), "data[0].paragraphs[0].qas[0].answers", "is empty"),
        (squad(qa(text="Hoa")), "data[0].paragraphs[0].qas[0].answers[0].text", "is not in the"),
        (squad(qa(), context=" "), "data[0].paragraphs[0].context", "is empty or holds control"),
        (
            squad({**qa(), "is_impossible": 0}),
            "data[0].paragraphs[0].qas[0].is_impossible",
            "is not",
        ),
        ({"data": [{}]}, "data[0].paragraphs", "is missing"),
        ({"version": "1"}, "data", "is missing"),
    ],
)
def test_a_fault_in_squad_names_file_line_and_field(
    tmp_path: Path, document: Any, field: str, why: str
) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(document, indent=1), "utf-8")
    with pytest.raises(QuestionSetError) as caught:
        load(path)
    message = str(caught.value)
    head, _, rest = message.partition(", field ")
    assert rest.startswith(f"'{field}': {why}")
    line = int(head.rpartition(" ")[2])
    last = field.rpartition(".")[2].partition("[")[0]
    shown = path.read_text("utf-8").splitlines()[line - 1]
    assert f'"{last}"' in shown or "missing" in why


def test_lines_of_values_are_found_in_any_layout() -> None:
    text = '{\n "a": [1,\n  {"b\\"": "}]",\n   "c": [\n    null]}],\n "d": 2}'
    assert line_of(text, ("a",)) == 2
    assert line_of(text, ("a", 1)) == 3
    assert line_of(text, ("a", 1, "c", 0)) == 5
    assert line_of(text, ("d",)) == 6
    assert line_of(text, ("a", 1, "missing")) == 3
    assert line_of("[]", (0, "x")) == 1


def test_a_set_in_another_language_takes_its_gold_from_the_parallel_one(tmp_path: Path) -> None:
    gold = load(write(tmp_path / "vi.json", squad(qa())))
    english = Question("1", "Who met there?", ("x",), "x", language="en", article_id="elsewhere")
    (joined,) = with_gold([english], gold)
    assert (joined.question, joined.language) == ("Who met there?", "en")
    assert (joined.answers, joined.grades) == (("Tâm",), gold[0].grades)
    with pytest.raises(QuestionSetError, match="no question with the id '9'"):
        with_gold([Question("9", "?")], gold)


# -- BEIR ----------------------------------------------------------------------------------


def beir(folder: Path, *judgements: str) -> Path:
    write(folder / "corpus.jsonl", {"_id": "d1", "title": "One", "text": "First."},
          {"_id": "d2", "title": "", "text": "Second."})  # fmt: skip
    write(folder / "queries.jsonl", {"_id": "q1", "text": "what comes first?"},
          {"_id": "q2", "text": "what comes second?"})  # fmt: skip
    write(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore", *judgements)
    return folder


def test_beir_has_graded_relevance_by_article(tmp_path: Path) -> None:
    folder = beir(tmp_path, "q2\td1\t1", "q2\td2\t2")
    texts = [("One\nFirst.", "One"), ("Second.", "")]
    first, second = (article_of(folder, text, title) for text, title in texts)
    (question,) = load(folder)  # q1 is of another split
    assert (first.text, first.title) == ("One\nFirst.", "One")
    assert question.grades == {first.id: 1, second.id: 2}
    assert (question.answers, question.language) == ((), "en")
    assert check([question], [first, second]) == []
    assert check([question], [first]) == ["q2: 1 relevant articles are not indexed"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("q1\td1", "line 2: is not: query-id, tab, corpus-id, tab, score"),
        ("q1\td1\thigh", "line 2, field 'score': 'high' is not a whole number"),
        ("q1\td1\t-1", "line 2, field 'score': -1 is less than 0"),
        ("q7\td1\t1", "line 2, field 'query-id': 'q7' is not in the folder"),
        ("q1\td7\t1", "line 2, field 'corpus-id': 'd7' is not in the folder"),
    ],
)
def test_a_fault_in_qrels_names_file_line_and_column(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(QuestionSetError) as caught:
        load(beir(tmp_path, row))
    assert str(caught.value) == f"{tmp_path / 'qrels' / 'test.tsv'}, {said}"


def test_a_beir_folder_with_faults_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = beir(tmp_path, "q1\td1\t1")
    write(folder / "corpus.jsonl", {"_id": "d1", "text": "x"}, {"_id": "d2", "text": 3})
    with pytest.raises(QuestionSetError, match=r"corpus\.jsonl, line 2, field 'text': is not text"):
        load(folder)
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "dev.tsv")
    write(folder / "qrels" / "train.tsv", "q1\td1\t1")
    with pytest.raises(QuestionSetError, match=r"holds no test\.tsv \(found: .*dev\.tsv, .*train"):
        load(folder)


# -- gold in an index ----------------------------------------------------------------------


def hit(article_id: str, start: int, end: int) -> Hit:
    return Hit(1, 1.0, article_id, "", start, end, "")


def test_passages_that_overlap_the_evidence_are_one_relevant_item() -> None:
    article = Article("a", "", "One two. Three four. Five six.", "en")
    (gold,) = golds([Question("1", "?", evidence="Three four.")], [article])
    hits = [hit("a", 21, 30), hit("b", 9, 20), hit("a", 0, 20), hit("a", 9, 30)]
    assert gold.ranking(hits) == ["a:21", "b:9", "evidence"]
    assert gold.articles == {"a"}


def test_articles_rank_by_their_best_passage() -> None:
    (gold,) = golds([Question("1", "?", grades={"b": 1, "c": 0})], [Article("b", "", "B", "en")])
    assert gold.grades == {"b": 1}
    assert gold.ranking([hit("a", 0, 5), hit("a", 5, 9), hit("b", 0, 3)]) == ["a", "b"]


def test_check_says_what_is_not_indexed() -> None:
    questions = [
        Question("here", "?", evidence="Three."),
        Question("nowhere", "?", evidence="Nine.\nTen."),
        Question("gone", "?", article_id="x", grades={"x": 1}),
        Question("none", "?", unanswerable=True),
    ]
    assert check(questions, [Article("a", "", "Two. Three.", "en")]) == [
        "nowhere: the evidence is in no indexed article: “Nine. Ten.”",
        "gone: the gold article is not indexed",
    ]
