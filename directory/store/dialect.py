"""From one text of SQL to SQLite's: PostgreSQL's is the text as written."""

import re
from collections.abc import Callable
from typing import NamedTuple

TOKENS = re.compile(
    r"""
    (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" )
  | (?P<comment> --[^\n]* )
  | (?P<any> =\s*ANY\s*\(\s*\$(?P<any_at>\d+)::(?P<any_type>\w+)\[\]\s*\) )
  | (?P<all> (?:<>|!=)\s*ALL\s*\(\s*\$(?P<all_at>\d+)::(?P<all_type>\w+)\[\]\s*\) )
  | (?P<unnest> \bunnest\(\s*\$(?P<unnest_at>\d+)::(?P<unnest_type>\w+)\[\]\s*\)
      \s+AS\s+(?P<unnest_name>\w+)\s*\(\s*(?P<unnest_column>\w+)\s*\) )
  | (?P<list> \$\d+::\w+\[\] )
  | (?P<parameter> \$(?P<at>\d+) )
  | (?P<typed> ::(?P<type>timestamptz|uuid|boolean)\s+AS\s+(?P<name>\w+)\b )
  | (?P<cast> ::\s*[a-z]\w*(?:\(\d+\))?(?:\[\])? )
  | (?P<lock> \s*\bFOR\s+(?:NO\s+KEY\s+UPDATE|KEY\s+SHARE|UPDATE|SHARE)\b
      (?:\s+OF\s+\w+(?:\s*,\s*\w+)*)?(?:\s+(?:SKIP\s+LOCKED|NOWAIT)\b)? )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class SQLiteText(NamedTuple):
    """SQL for SQLite, and which arguments (from 0) are lists of which type, to be bound as JSON text."""

    sql: str
    lists: dict[int, str]


def sqlite_text(sql: str) -> SQLiteText:
    """Translate ``$1`` parameters, casts, lists and row locks; everything else both databases read alike.

    * ``$1`` becomes ``?1`` and casts go; ``max(at)::timestamptz AS at`` keeps its type by the name of the column.
    * ``= ANY($1::uuid[])``, ``<> ALL($1::uuid[])`` and ``FROM unnest($1::uuid[]) AS t (c)`` read a JSON list.
    * ``FOR UPDATE`` and its kin go: a unit of work on SQLite has the database to itself.

    Raises:
        ValueError: a list is used in a way that this does not know.
    """
    lists: dict[int, str] = {}

    def replaced(found: re.Match[str]) -> str:
        kind = next(name for name in REPLACEMENTS if found[name] is not None)
        return REPLACEMENTS[kind](found, lists)

    return SQLiteText(TOKENS.sub(replaced, sql).strip(), lists)


def each_value(found: re.Match[str], kind: str, lists: dict[int, str]) -> str:
    """Return the table of a list's values, and note that the argument is one."""
    lists[int(found[f"{kind}_at"]) - 1] = found[f"{kind}_type"].lower()
    return f"FROM json_each(?{found[f'{kind}_at']})"


def refuse_list(found: re.Match[str], _: dict[int, str]) -> str:
    """Say what to write in place of a list that cannot be translated."""
    raise ValueError(f"{found[0]}: write = ANY(…), <> ALL(…) or FROM unnest(…) AS name (column)")


REPLACEMENTS: dict[str, Callable[[re.Match[str], dict[int, str]], str]] = {
    "quoted": lambda found, _: found[0],
    "comment": lambda found, _: found[0],
    "any": lambda found, lists: f"IN (SELECT value {each_value(found, 'any', lists)})",
    "all": lambda found, lists: f"NOT IN (SELECT value {each_value(found, 'all', lists)})",
    "unnest": lambda found, lists: (
        f"(SELECT value AS {found['unnest_column']} {each_value(found, 'unnest', lists)}) AS {found['unnest_name']}"
    ),
    "list": refuse_list,
    "parameter": lambda found, _: f"?{found['at']}",
    "typed": lambda found, _: f' AS "{found["name"]} [{found["type"].upper()}]"',
    "cast": lambda _, __: "",
    "lock": lambda _, __: "",
}
