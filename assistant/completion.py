"""Scripts that complete the command line in a shell, made from its parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_FILES: Final = {
    "FILE",
    "PATHS",
    "QUESTIONS",
    "FEED_OR_LIST",
}  # metavars of what is a file; "DIR" is a folder

Places = Mapping[str, argparse.ArgumentParser]  # "", " ask", " user", " user add" …: their parsers


def completion(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script that completes ``parser``'s commands, options and files in ``shell``."""
    return SCRIPTS[shell](dict(_places(parser, "")))


def _places(
    parser: argparse.ArgumentParser, path: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield path, parser
    for name, inner in _commands(parser).items():
        yield from _places(inner, f"{path} {name}")


def _commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    found = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return next((action.choices for action in found), {})


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    others = [action for action in parser._actions if not action.option_strings]
    return [one for one in others if not isinstance(one, argparse._SubParsersAction)]


def _kind(action: argparse.Action) -> str:
    """What is typed for it: "nothing" behind a flag, else "choice", "file", "folder" or "text"."""
    if action.nargs == 0:
        return "nothing"
    if action.choices:
        return "choice"
    if action.metavar in _FILES:
        return "file"
    return "folder" if action.metavar == "DIR" else "text"


def _choices(action: argparse.Action) -> str:
    return " ".join(action.choices or ())


def _bash(places: Places) -> str:
    """Where the function gives nothing, readline completes files, unless that is switched off."""
    replies: dict[str, list[str]] = {}
    for path, parser in places.items():
        for action in _options(parser):
            spots = [f'"{path} {flag}"' for flag in action.option_strings]
            replies.setdefault(_bash_reply(action), []).extend(spots)
    replies.pop("", None)
    known = "|".join(f'"{path}"' for path in places if path)
    given = [f"        {'|'.join(spots)}) {reply}; return ;;\n" for reply, spots in replies.items()]
    return f"""\
# Completes assistant's commands. In ~/.bashrc: source <(assistant completion bash)
_assistant() {{
    local current=$2 previous=$3 at= word words= flags= files=no
    [[ $previous == "=" ]] && previous=${{COMP_WORDS[COMP_CWORD-2]}}
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$at $word" in {known}) at="$at $word" ;; esac
    done
    COMPREPLY=()
    case "$at $previous" in
{"".join(given)}\
    esac
    case "$at" in
{"".join(_bash_words(path, parser) for path, parser in places.items())}\
    esac
    [[ $files == no || $current == -* ]] && words="$words $flags"
    [[ $files == no ]] && compopt +o default 2>/dev/null
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _assistant assistant
"""


def _bash_reply(action: argparse.Action) -> str:
    """What is done where the value of an option stands; "" for a flag, which has none."""
    return {
        "nothing": "",
        "choice": f'COMPREPLY=($(compgen -W "{_choices(action)}" -- "$current"))',
        "file": ":",
        "folder": "compopt +o default -o dirnames 2>/dev/null",
        "text": "compopt +o default 2>/dev/null",
    }[_kind(action)]


def _bash_words(path: str, parser: argparse.ArgumentParser) -> str:
    words = [*_commands(parser), *map(_choices, _positionals(parser))]
    flags = [flag for action in _options(parser) for flag in action.option_strings]
    files = any(_kind(action) == "file" for action in _positionals(parser))
    told = f'words="{" ".join(filter(None, words))}" flags="{" ".join(flags)}"'
    return f'        "{path}") {told}{" files=yes" * files} ;;\n'


def _zsh(places: Places) -> str:
    functions = "".join(_zsh_function(path, parser) for path, parser in places.items())
    return f"""\
#compdef assistant
# Completes assistant's commands. In ~/.zshrc, after compinit: source <(assistant completion zsh)
{functions}
if [[ $funcstack[1] == _assistant ]]; then _assistant "$@"; else compdef _assistant assistant; fi
"""


def _zsh_function(path: str, parser: argparse.ArgumentParser) -> str:
    name = "_assistant" + path.replace(" ", "_")
    specs = [_zsh_option(flag, a) for a in _options(parser) for flag in a.option_strings]
    specs += [_zsh_positional(action) for action in _positionals(parser)]
    commands = _commands(parser)
    if not commands:
        return f"\n{name}() {{\n    _arguments{_lines(specs, 8)}\n}}\n"
    named = [_zsh_quoted(f"{one}:{inner.description}") for one, inner in commands.items()]
    cases = [f"{one}) {name}_{one} ;;" for one in commands]
    specs += ["'1:command:->command'", "'*::argument:->rest'"]
    return f"""
{name}() {{
    local context state state_descr line
    local -a named
    typeset -A opt_args
    _arguments -C{_lines(specs, 8)}
    named=({_lines(named, 8, end="")}
    )
    case $state in
        command) _describe command named ;;
        rest) case $line[1] in{_lines(cases, 12, end="")}
        esac ;;
    esac
}}
"""


def _lines(parts: Sequence[str], indent: int, end: str = " \\") -> str:
    between = f"{end}\n{' ' * indent}"
    return between + between.join(parts)


def _zsh_option(flag: str, action: argparse.Action) -> str:
    told = (action.help or "").replace("[", r"\[").replace("]", r"\]").replace(":", r"\:")
    if _kind(action) == "nothing":
        return _zsh_quoted(f"{flag}[{told}]")
    repeated = "*" if isinstance(action, argparse._AppendAction) else ""
    joined = "=" if flag.startswith("--") else ""
    return _zsh_quoted(f"{repeated}{flag}{joined}[{told}]:{_zsh_value(action)}")


def _zsh_positional(action: argparse.Action) -> str:
    count = {"*": "*:", "?": "::"}.get(str(action.nargs), ":")
    return _zsh_quoted(f"{count}{_zsh_value(action)}")


def _zsh_value(action: argparse.Action) -> str:
    kind = _kind(action)
    found = {"file": "_files", "folder": "_files -/", "choice": f"({_choices(action)})"}
    return f"{action.metavar or action.dest}:{found.get(kind, ' ')}"


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"


def _fish(places: Places) -> str:
    known = " ".join(f"'{path}'" for path in places if path)
    lines = [line for path, parser in places.items() for line in _fish_lines(path, parser)]
    return f"""\
# Completes assistant's commands. In ~/.config/fish/config.fish: assistant completion fish | source
function __assistant_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        contains -- "$at $word" {known}; and set at "$at $word"
    end
    test "$at" = "$argv[1]"
end
complete -c assistant -f
{"".join(lines)}"""


def _fish_lines(path: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    start = f"complete -c assistant -n \"__assistant_at '{path}'\""
    for name, inner in _commands(parser).items():
        yield f"{start} -a {name} -d {_fish_quoted(inner.description)}\n"
    for action in _options(parser):
        flags = " ".join(map(_fish_flag, action.option_strings))
        yield f"{start} {flags}{_fish_value(action)} -d {_fish_quoted(action.help)}\n"
    for action in _positionals(parser):
        if _kind(action) != "text":
            yield f"{start}{_fish_value(action).removeprefix(' -r').removeprefix(' -x')}\n"


def _fish_flag(flag: str) -> str:
    return f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"


def _fish_value(action: argparse.Action) -> str:
    return {
        "nothing": "",
        "choice": f" -x -a '{_choices(action)}'",
        "file": " -r -F",
        "folder": " -x -a '(__fish_complete_directories (commandline -ct))'",
        "text": " -x",
    }[_kind(action)]


def _fish_quoted(text: str | None) -> str:
    return "'" + (text or "").replace("\\", r"\\").replace("'", r"\'") + "'"


SCRIPTS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
