"""The reference of a command line, read from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer
from generated_part import cell, table

_SHELL_ONLY = frozenset({"--install-completion", "--show-completion"})


def command_reference(app: typer.Typer, name: str) -> str:
    """Every command of an app under its own heading: what it does, how it is called, its options."""
    return "\n\n".join(_section(path, command) for path, command in commands(typer.main.get_command(app), name))


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """A command and all below it, with the words that call them."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from commands(child, f"{path} {name}")


def options(command: Any) -> list[Any]:
    """The options a command documents."""
    return [
        one
        for one in command.params
        if one.param_type_name == "option" and not one.hidden and not _SHELL_ONLY & set(one.opts)
    ]


def arguments(command: Any) -> list[Any]:
    """The arguments a command documents."""
    return [one for one in command.params if one.param_type_name == "argument" and not one.hidden]


def _section(path: str, command: Any) -> str:
    is_group = hasattr(command, "commands")
    call = [path]
    if options(command):
        call.append("[OPTIONS]")
    call += [_word(one) for one in arguments(command)]
    if is_group:
        call.append("COMMAND")
    # Docstrings and help texts may hold a page break, after which nothing is shown.
    text = (command.help or "").partition("\f")[0].strip()
    parts = [
        f"{'##' if ' ' not in path else '###'} {path}",
        text,
        f"```text\n{' '.join(call)}\n```",
        table(("argument", "meaning"), [(f"`{_word(one)}`", cell(one.help or "")) for one in arguments(command)]),
        table(("option", "default", "meaning"), [_option(one) for one in options(command)]),
    ]
    return "\n\n".join(part for part in parts if part)


def _word(argument: Any) -> str:
    word = argument.metavar or argument.name.rstrip("_").upper()
    if argument.nargs == -1 and not word.endswith("..."):
        word = f"{word}..."
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> tuple[str, ...]:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if not option.is_flag and not option.count:
        longest = max(option.opts, key=len)
        names += f" {option.metavar or longest.lstrip('-').upper()}"
    return f"`{names}`", _default(option), cell(option.help or "")


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.secondary_opts:
        return f"`{option.opts[0] if option.default else option.secondary_opts[0]}`"
    if option.is_flag or option.count or option.default in (None, [], ()):
        return ""
    return f"`{option.default}`"
