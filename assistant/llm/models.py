"""Language model specs → LangChain chat models, and which of them can be used here.

A spec is ``none``, or ``provider:model`` for whatever LangChain's ``init_chat_model`` knows, or
``openai-compatible:http://host:port/v1#model``, or ``gguf:/path/model.gguf``. Nothing of a
provider is imported before one of its models is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.llm import _gguf as gguf
from assistant.settings import Settings
from assistant.types import FaultKind, LLMError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NONE = "none"
COMPATIBLE = "openai-compatible"
GGUF = "gguf"
OWN_KEY = "ASSISTANT_LLM_KEY"
SHOWN = 200  # characters of what a provider said
SMALL = 7.0  # billion parameters
BYTES_OF_GGUF = 0.55e9  # of a file with 4 bits a weight, per billion parameters

_PARAMETERS = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)


# What each client's max_retries must be for a single try.
ONE_TRY: Mapping[str, int] = {"openai": 0, "anthropic": 0, "mistralai": 0, "google_genai": 1}


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider needs: our extra, the packages it brings, a key in one of ``variables``."""

    extra: str
    modules: tuple[str, ...]
    variables: tuple[str, ...]
    example: str


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider("openai", ("langchain_openai",), ("OPENAI_API_KEY",), "openai:gpt-4.1-mini"),
    "anthropic": Provider(
        "anthropic", ("langchain_anthropic",), ("ANTHROPIC_API_KEY",), "anthropic:claude-haiku-4-5"
    ),
    "google_genai": Provider(
        "google",
        ("langchain_google_genai",),
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "google_genai:gemini-2.5-flash",
    ),
    "mistralai": Provider(
        "mistral",
        ("langchain_mistralai",),
        ("MISTRAL_API_KEY",),
        "mistralai:mistral-small-latest",
    ),
    "ollama": Provider("ollama", ("langchain_ollama",), (), "ollama:qwen3:4b"),
    COMPATIBLE: Provider(
        "openai", ("langchain_openai",), (), f"{COMPATIBLE}:http://127.0.0.1:8000/v1#model"
    ),
    GGUF: Provider("gguf", ("xllamacpp", "langchain_openai"), (), "gguf:models/model.gguf"),
}


# -- opening -----------------------------------------------------------------------------
def open_llm(spec: str, settings: Settings) -> BaseChatModel | None:
    """The chat model of ``spec``, or None for "none". A GGUF file is loaded, which takes seconds.

    Raises LLMError: "missing" (spec, file, package) or "key".
    """
    if spec == NONE:
        return None
    provider, model = check(spec, settings)
    try:
        found, fault = _build(provider, model, settings), None
    except LLMError:
        raise
    except Exception as error:  # any provider's own, and the messages may echo a key
        found, fault = None, _not_opened(spec, provider, error)
    if fault:  # outside of the handler: a traceback shall not show the provider's own error
        raise fault
    return found


def check(spec: str, settings: Settings) -> tuple[str, str]:
    """Provider and model of a spec that can be opened, as far as that shows without opening it.

    Raises LLMError: "missing" (spec, file, package) or "key".
    """
    provider, _, model = spec.partition(":")
    if not model:
        raise LLMError(
            f"Language model {redacted(spec)!r} is not a valid spec; write none or provider:model, "
            f"such as {PROVIDERS['openai'].example}",
            "missing",
        )
    if provider == COMPATIBLE:
        _address(model)
    elif provider == GGUF:
        gguf.check(gguf_path(model, settings))
    known = PROVIDERS.get(provider)
    if known:
        absent = next((name for name in known.modules if not is_installed(name)), None)
        if absent:
            raise not_installed(spec, provider, absent)
        if known.variables and not any(os.environ.get(name) for name in known.variables):
            raise LLMError(
                f"{name_of(spec)} needs a key; set {' or '.join(known.variables)} "
                "in the environment",
                "key",
            )
    return provider, model


def name_of(spec: str) -> str:
    """A spec as it may be shown: of a GGUF file its name only, of an address no user, no query."""
    provider, _, model = spec.partition(":")
    if provider == GGUF:
        return Path(model).name
    if provider == COMPATIBLE:
        address, _, name = model.partition("#")
        return name or urlsplit(address).hostname or provider
    return redacted(spec)


def is_small(spec: str, settings: Settings) -> bool:
    """Whether the model has fewer than SMALL parameters, as far as its name or file tells.

    What a small one says of itself is not believed: one of 1.5 billion parameters refused none of
    five near misses, and small ones refuse what is there.
    """
    provider, _, model = spec.partition(":")
    told = _PARAMETERS.search(model)
    if told:
        return float(told[1]) * (1e-3 if told[2].lower() == "m" else 1) < SMALL
    path = gguf_path(model, settings)
    return provider == GGUF and path.is_file() and path.stat().st_size < SMALL * BYTES_OF_GGUF


def gguf_path(model: str, settings: Settings) -> Path:
    """The file a ``gguf:`` spec names: a path, or a name in the folder of models."""
    path = Path(model).expanduser()
    inside = settings.llm_folder / path
    return inside if not path.exists() and inside.exists() else path


def _build(provider: str, model: str, settings: Settings) -> BaseChatModel:
    if provider == GGUF:
        path = gguf_path(model, settings)
        served = gguf.endpoint(path, settings.llm_context)
        return _openai_protocol(served.url, path.name, served.key, settings)
    if provider == COMPATIBLE:
        url, name = _address(model)
        key = os.environ.get(OWN_KEY) or os.environ.get("OPENAI_API_KEY") or "none"
        return _openai_protocol(url, name, key, settings)
    from langchain.chat_models import init_chat_model

    def make(**options: Any) -> BaseChatModel:
        made: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
        return made

    options = _options(provider, settings)
    made = make(**options)
    # Models that think refuse a request that sets a temperature.
    if (made.profile or {}).get("temperature") is False:
        made = make(**{name: value for name, value in options.items() if name != "temperature"})
    return made


def _options(provider: str, settings: Settings) -> dict[str, Any]:
    """What the settings say, in the provider's words."""
    if provider == "ollama":
        # Its protocol of its own, since OpenAI's cannot set the window: Ollama's default is
        # short, and what is longer it cuts off without a word.
        return {
            "temperature": settings.llm_temperature,
            "num_predict": settings.llm_max_tokens,
            "num_ctx": settings.llm_context,
        }
    options = {"temperature": settings.llm_temperature, "max_tokens": settings.llm_max_tokens}
    if provider in {"openai", "anthropic", "mistralai", "google_genai"}:
        # streaming.py keeps the time, and tries again where it is of use.
        options |= {"timeout": settings.llm_total_timeout, "max_retries": ONE_TRY[provider]}
    if provider == "openai":
        options |= {"stream_chunk_timeout": 0}
    return options


def _openai_protocol(url: str, model: str, key: str, settings: Settings) -> BaseChatModel:
    """A server that speaks OpenAI's chat completions."""
    from langchain_openai import ChatOpenAI

    own: dict[str, Any] = {}
    if is_loopback(urlsplit(url).hostname):
        import httpx

        # A proxy for the network beyond is none for this machine; and a connection is made so
        # fast here that keeping one is not worth closing it later.
        alone: dict[str, Any] = {
            "trust_env": False,
            "limits": httpx.Limits(max_keepalive_connections=0),
        }
        own = {
            "http_client": httpx.Client(**alone),
            "http_async_client": httpx.AsyncClient(**alone),
            "http_socket_options": (),
            "openai_proxy": None,
        }
    made: BaseChatModel = ChatOpenAI(
        base_url=url,
        model=model,
        api_key=key,
        temperature=settings.llm_temperature,
        max_tokens=settings.llm_max_tokens,
        timeout=settings.llm_total_timeout,
        max_retries=0,
        stream_usage=True,
        stream_chunk_timeout=0,
        use_responses_api=False,
        **own,
    )
    return made


def _address(given: str) -> tuple[str, str]:
    """``http://host:port/v1#model`` → address, model. Raises LLMError."""
    try:
        return split_address(given, "Language model", OWN_KEY, PROVIDERS[COMPATIBLE].example)
    except AddressFault as fault:
        raise LLMError(str(fault), fault.kind) from None


class AddressFault(ValueError):
    """What is wrong with the address of a model, on one line, and the kind of failure."""

    def __init__(self, message: str, kind: FaultKind) -> None:
        super().__init__(message)
        self.kind: FaultKind = kind


def split_address(given: str, what: str, key: str, example: str) -> tuple[str, str]:
    """``http://host:port/v1#model`` → address, model. Raises AddressFault, in words of ``what`` the
    model is for, the variable its ``key`` is in, and an ``example`` of a spec."""
    address, _, model = given.partition("#")
    try:
        parts = urlsplit(address)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        secret = bool(parts.username or parts.password or parts.query)
    except ValueError:
        sound, secret = False, False
    if secret:  # not quoted: it may hold a key
        raise AddressFault(
            f"The address of an {COMPATIBLE} model may hold no user, password or query; "
            f"put the key into {key}",
            "key",
        )
    if not sound or not model:
        raise AddressFault(
            f"{what} {redacted(f'{COMPATIBLE}:{given}')!r} is not an address with a model; "
            f"write it like {example}",
            "missing",
        )
    return address, model


# -- faults ------------------------------------------------------------------------------
def not_installed(spec: str, provider: str, module: str) -> LLMError:
    """``module``: the import that failed, which names what to install."""
    known = PROVIDERS.get(provider)
    package = module.split(".")[0].replace("_", "-")
    wanted = f"'article-assistant[{known.extra}]'" if known else package
    return LLMError(
        f"{name_of(spec)} needs {package}, which is not installed; run: pip install {wanted}",
        "missing",
    )


def _not_opened(spec: str, provider: str, error: Exception) -> LLMError:
    cause = error if isinstance(error, ImportError) else None
    while cause is not None and not cause.name and isinstance(cause.__cause__, ImportError):
        cause = cause.__cause__
    if cause is not None and cause.name:
        return not_installed(spec, provider, cause.name)
    said = one_line(error)
    if "Unsupported provider" in said:
        return LLMError(
            f"Language models of {provider!r} are not known; known are {', '.join(PROVIDERS)} "
            "and what LangChain's init_chat_model lists",
            "missing",
        )
    variable = re.search(r"\b[A-Z][A-Z0-9_]*_(API_)?(KEY|TOKEN)\b", said)
    kind: FaultKind = "key" if variable else "missing"
    todo = f"set {variable[0]} in the environment" if variable else "check the spec"
    return LLMError(f"{name_of(spec)} cannot be opened: {said}; {todo}", kind)


_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|_PWD|CREDENTIAL")
_SHORTEST_SECRET = 6  # characters: shorter ones are words that a message needs
_IN_ADDRESS = re.compile(r"//[^/\s:@]*:([^/\s@]+)@")  # the password of a database's address
_SECRET = re.compile(
    r"\b(?:sk|pk|gsk|xai|hf|key)[-_][\w*.-]{6,}"  # OpenAI, Anthropic, Groq, xAI, Hugging Face
    r"|\bAIza[\w*-]{10,}"  # Google
    r"|(?<=bearer )\S+"
    r"|(?<=//)[^/\s@]+(?=@)"  # user:password in an address
    r"|(?<=[?&]key=)[^&\s]+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """``text`` without the keys of the environment and without what looks like a key."""
    secrets = {
        secret
        for name, value in os.environ.items()
        for secret in (
            value if _SECRET_NAME.search(name.upper()) else "",
            *_IN_ADDRESS.findall(value),
        )
        if len(secret) >= _SHORTEST_SECRET
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return _SECRET.sub("…", text)


def one_line(error: BaseException) -> str:
    """What a provider's error says: on one line, redacted, at most SHOWN characters."""
    said = redacted(" ".join(str(error).split())) or type(error).__name__
    return said if len(said) <= SHOWN else said[: SHOWN - 1] + "…"


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
