"""Writes docs/reference from the code: command line, REST, settings, tables, and the index of decisions.

Run as ``python -m docs.generate`` in the repository; a test fails while a committed page is not what this writes.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

HERE = Path(__file__).parent
NOTE = "<!-- Written by `python -m docs.generate`; do not edit. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by its path below ``docs``."""
    found = {
        "reference/command-line.md": _command_line(),
        "reference/rest.md": _rest(),
        "reference/settings.md": _settings(),
        "reference/tables.md": _tables(),
        "decisions/README.md": _decisions(),
    }
    return {name: f"{NOTE}{text.rstrip()}\n" for name, text in found.items()}


def main() -> None:
    """Write the pages that changed."""
    for name, text in pages().items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written docs/{name}")


def _command_line() -> str:
    import typer

    from charassets.cli import app

    group: Any = typer.main.get_command(app)
    lines = ["# Command line\n", "stdout is data, stderr is talk; `--json` prints one JSON value. Exit codes are in the README.\n"]
    for name, command in _commands("charassets", group):
        lines += [f"## `{name}`\n", (command.help or "").strip() + "\n"]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += [_table(("parameter", "what", "default"), rows)]
    return "\n".join(lines)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word in sorted(below):
        yield from _commands(f"{name} {word}", below[word])


def _parameter(parameter: Any) -> tuple[str, str, str]:
    argument = parameter.param_type_name == "argument"
    name = (parameter.metavar or parameter.name.upper()) if argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    shown = "" if default in (None, False, (), [], "") or callable(default) else f"`{default}`"
    if str(default).endswith("UNSET"):
        shown = ""
    return f"`{name}`", getattr(parameter, "help", "") or "", "required" if parameter.required else shown


def _rest() -> str:
    from app.server import create_app
    from charassets.lake.workspace import Workspace
    from charassets.settings import load_settings

    with TemporaryDirectory() as folder:
        settings = load_settings({"workspace": folder})
        described = create_app(Workspace.of(settings), settings, pages=False).openapi()
    lines = ["# REST\n", "From the server's own description (`GET /v1/openapi.json`); the tour is [rest-api.md](../rest-api.md).\n"]
    for path, methods in sorted(described["paths"].items()):
        for method, route in methods.items():
            lines += [f"## `{method.upper()} {path}`\n", (route.get("description") or route.get("summary", "")).strip() + "\n"]
            rows = [
                (f"`{p['name']}`", p["in"], "yes" if p.get("required") else "", _kind(p.get("schema", {})))
                for p in route.get("parameters", [])
            ]
            body = route.get("requestBody", {}).get("content", {})
            rows += [("body", kind, "yes", _kind(content.get("schema", {}))) for kind, content in body.items()]
            if rows:
                lines.append(_table(("parameter", "in", "required", "type"), rows))
    return "\n".join(lines)


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "at least"), ("maximum", "at most")) if key in schema]
    return ", ".join([str(schema.get("type", "any")), *bounds])


def _settings() -> str:
    from charassets.settings import Settings

    head = (
        "# Settings\n\nPrecedence, weakest first: profile, `WORKSPACE/charassets.yaml`, environment, `--set`. In the environment "
        "`gates.min_sharpness` is\n`CHARASSETS_GATES__MIN_SHARPNESS`. `charassets config` shows the values in force.\n"
    )
    rows = [(f"`{name}`", default, field.description or "") for name, field, default in _fields("", Settings)]
    return head + "\n" + _table(("setting", "default", "meaning"), rows)


def _fields(prefix: str, model: Any) -> Iterator[tuple[str, Any, str]]:
    from typing import get_args

    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        inner = field.annotation
        many = [one for one in get_args(inner) if isinstance(one, type) and issubclass(one, BaseModel)]
        section = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
        if section is not None:
            yield from _fields(f"{prefix}{name}.", section)
            continue
        default = ("required" if prefix else "by profile") if field.is_required() and not prefix.startswith(("detector", "embedder")) else "by profile" if field.is_required() else _plain(field.get_default(call_default_factory=True))
        yield f"{prefix}{name}", field, "" if many else _of_profiles(f"{prefix}{name}", default)
        for one in many:
            yield from _fields(f"{prefix}{name}[]." if inner.__class__.__name__ != "UnionType" else f"{prefix}{name}.", one)


def _of_profiles(name: str, default: str) -> str:
    """The default, and the values that profiles have in its place."""
    from charassets.settings.whole import PROFILES

    others = []
    for file in sorted(PROFILES.glob("*.yaml")):
        value: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and _plain(value) != default and default != "by profile":
            others.append(f"`{file.stem}`: {_plain(value)}")
    return "; ".join([default or "none", *others]) if others else default


def _plain(value: Any) -> str:
    if value is None or value == "" or value == () or value == {}:
        return ""
    if isinstance(value, dict):
        return "see the profile"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _tables() -> str:
    from charassets.schema import REJECTION_CODES, TABLES

    lines = [
        "# Tables\n",
        "Every table of the lake; each is a table or view of `charassets.duckdb` too, beside `records` (the kept), `all_records` (every",
        "fate), `verdicts`, `rejections` and `fragments`, whose columns are documented in the file: `SELECT * FROM duckdb_columns()`.\n",
    ]
    for table in TABLES.values():
        lines += [f"## `{table.name}`\n", f"{table.doc} Version {table.version}.\n"]
        lines.append(_table(("column", "type", "meaning"), [(f"`{c.name}`", f"`{_short(c.type)}`", c.doc) for c in table.columns]))
    lines += ["## Rejection codes\n", _table(("code", "meaning"), [(f"`{code}`", text) for code, text in REJECTION_CODES.items()])]
    return "\n".join(lines)


def _short(kind: Any) -> str:
    text = str(kind)
    return text if len(text) < 40 else f"{text[:36]}..."


def _decisions() -> str:
    rows = []
    for path in sorted((HERE / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()
        rows.append(f"- [{re.sub(r'^[0-9]+[:.]? *', '', title)}]({path.name}) ({path.name[:3]})")
    return "# Decisions\n\nWhy it is as it is, where a reader would ask why not otherwise.\n\n" + "\n".join(rows)


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows)
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n{body}\n"


if __name__ == "__main__":
    main()
