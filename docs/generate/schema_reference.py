"""The reference of a database schema, read from the catalogue of a migrated database."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from generated_part import cell, table

from headrace import Connection

_SQL = Path(__file__).parent / "sql"


async def schema_reference(connection: Connection, schema: str) -> str:
    """Every table and view of a schema with its columns, keys and indexes, then its types and functions."""
    columns = _grouped(await _rows(connection, "columns", schema))
    keys = _grouped(await _rows(connection, "keys", schema))
    sections = [
        _relation(relation, columns[relation["name"]], keys[relation["name"]])
        for relation in await _rows(connection, "relations", schema)
    ]
    sections += _listing("Types", ("type", "values"), await _rows(connection, "types", schema))
    sections += _listing("Functions", ("function", "meaning"), await _rows(connection, "functions", schema))
    return "\n\n".join(sections)


async def _rows(connection: Connection, name: str, schema: str) -> list[Any]:
    return await connection.fetch((_SQL / f"{name}.sql").read_text(encoding="utf-8"), schema)


def _grouped(rows: list[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row["relation"]].append(row)
    return groups


def _relation(relation: Any, columns: list[Any], keys: list[Any]) -> str:
    parts = [
        f"### {relation['schema']}.{relation['name']}",
        f"{relation['kind']}. {relation['comment'] or ''}".strip(),
        table(
            ("column", "type", "null", "meaning"),
            [
                (
                    f"`{column['name']}`",
                    f"`{column['type']}`",
                    "" if column["is_required"] else "yes",
                    cell(column["comment"] or ""),
                )
                for column in columns
            ],
        ),
        "\n".join(f"- `{key['definition']}`" for key in keys),
    ]
    return "\n\n".join(part for part in parts if part)


def _listing(title: str, columns: tuple[str, str], rows: list[Any]) -> list[str]:
    if not rows:
        return []
    return [f"### {title}", table(columns, [(f"`{row['name']}`", cell(row["meaning"] or "")) for row in rows])]
