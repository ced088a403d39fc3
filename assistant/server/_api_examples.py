"""The examples that ``/openapi.json`` shows and ``/docs`` fills its forms with."""

from __future__ import annotations

from typing import Any, Final


def text_of(kind: str, example: str) -> dict[str, Any]:
    """A text of a media type, by which a route may answer beside JSON."""
    return {kind: {"schema": {"type": "string"}, "example": example}}


QUESTION: Final = "Ai là bí thư đảng ủy phường Lái Thiêu?"
_QUOTE: Final = (
    "Ông Nguyễn Thanh Tâm, Bí thư đảng ủy phường Lái Thiêu, cho biết phường đã sẵn sàng."
)
_PLACE: Final = {
    "article_id": "db7cbbd52221714d",
    "title": "Góp ý văn kiện đại hội",
    "start": 120,
    "end": 120 + len(_QUOTE),
}
HIT: Final = {"rank": 1, "score": 2.31, **_PLACE, "text": _QUOTE, "dense": 1.4, "lexical": 3.2}
CITATION: Final = {"number": 1, **_PLACE, "quote": _QUOTE, "verified": True, "answer": [[124, 140]]}
ANSWER: Final[dict[str, Any]] = {
    "question": QUESTION,
    "answer": f"Nguyễn Thanh Tâm\n\n“{_QUOTE}” [1]",
    "grounding": "grounded",
    "language": "vi",
    "confidence": 0.4312,
    "citations": [CITATION],
    "short": "Nguyễn Thanh Tâm",
    "certainty": "may say so",
    "claims": [],
    "hits": [HIT],
    "query": "",
    "closest": None,
    "llm": "none",
    "fault": None,
    "usage": None,
}
ARTICLE_HEAD: Final = {
    "id": "db7cbbd52221714d",
    "title": "Góp ý văn kiện đại hội",
    "language": "vi",
    "source": "https://bao.example/gop-y",
    "date": "2025-10-31",
}
_TIMES: Final = {
    "created": "2025-10-31T08:00:00.000000+00:00",
    "updated": "2025-10-31T08:05:00.000000+00:00",
}
CONVERSATION_HEAD: Final = {"id": "Zt3kQ9", "title": "Lái Thiêu", **_TIMES, "exchanges": 1}
EXCHANGE: Final = {"question": QUESTION, "answer": "Nguyễn Thanh Tâm [1]"}
CONVERSATION: Final = CONVERSATION_HEAD | {"exchanges": [EXCHANGE]}
EVENTS: Final = text_of(
    "text/event-stream",
    'event: delta\ndata: {"text": "Nguyễn Thanh Tâm"}\n\n'
    'event: finished\ndata: {"question": "…", "answer": "Nguyễn Thanh Tâm …"}\n\n',
)
OFFERS: Final = {
    "changes": True,
    "web_addresses": False,
    "suffixes": [".docx", ".pdf", ".txt"],
    "largest": 20_000_000,
}
FILE_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_HASH: Final = "48f3950e38cd22d5ad353a479c2a85296cd1f6cf62f8f95156aadb3741d15f20"
_PROOF: Final = CITATION | {
    "source": ARTICLE_HEAD["source"],
    "date": ARTICLE_HEAD["date"],
    "language": "vi",
    "sha256": _HASH,
    "path_sha256": _HASH,
    "answer": [{"start": 124, "end": 140}],
}
_PROVEN: Final = {name: ANSWER[name] for name in ANSWER if name not in ("hits", "usage")}
CARD: Final = {
    "format": "article-assistant card",
    "version": 1,
    "rendering": 3,
    "made": "2025-10-31T08:00:00+00:00",
    "title": QUESTION,
    "language": "vi",
    "exchanges": [_PROVEN | {"citations": [_PROOF]}],
    "sha256": _HASH,
}
_FOUND: Final = {
    "exchange": 1,
    "number": 1,
    "standing": "edited",
    "sound": True,
    **_PLACE,
    "quote": _QUOTE,
    "edited_on": "2025-10-30",
    "passage": "unchanged",
    "also": [],
}
VERIFICATION: Final = {
    "file": "answer.html",
    "made": CARD["made"],
    "sound": True,
    "intact": True,
    "sealed": True,
    "citations": [
        _FOUND | {"now": _PLACE | {"start": 140, "end": 140 + len(_QUOTE), "text": _QUOTE}}
    ],
}
CARD_TEXTS: Final = text_of("text/markdown", "# Lái Thiêu\n…") | text_of("text/html", "<!doctype…")
OPENAI_MODEL: Final = {
    "id": "assistant",
    "object": "model",
    "created": 1761897600,
    "owned_by": "article-assistant",
}
COMPLETION: Final = {
    "id": "chatcmpl-0123456789abcdef01234567",
    "created": 1761897600,
    "object": "chat.completion",
    "model": "assistant",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": ANSWER["answer"],
                "refusal": None,
                **{
                    name: ANSWER[name]
                    for name in ("citations", "grounding", "confidence", "short", "certainty")
                },
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 21,
        "completion_tokens": 52,
        "total_tokens": 73,
        "counted_with": "cl100k_base",
    },
}
CHUNKS: Final = text_of(
    "text/event-stream",
    'data: {"id": "chatcmpl-…", "object": "chat.completion.chunk", "model": "assistant", '
    '"choices": [{"index": 0, "delta": {"content": "Nguyễn Thanh Tâm"}, "finish_reason": null}]}'
    "\n\ndata: [DONE]\n\n",
)
