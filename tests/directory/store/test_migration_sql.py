import pytest

from directory.store.migration_sql import statements

FUNCTION = """CREATE FUNCTION refuse() RETURNS trigger AS $body$
BEGIN RAISE EXCEPTION 'no; never'; END;
$body$ LANGUAGE plpgsql"""

TRIGGER = """CREATE TRIGGER no_update BEFORE UPDATE ON event_row
BEGIN
  SELECT RAISE(ABORT, 'never; ever');
  SELECT 1;
END;"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ; ;\n", []),
        ("A", ["A"]),
        ("A;\nB\n;", ["A", "B"]),
        ("INSERT INTO a VALUES ('x;y', \";\"); B;", ["INSERT INTO a VALUES ('x;y', \";\")", "B"]),
        ("A -- not; here\n; B", ["A -- not; here", "B"]),
        (f"{FUNCTION};\nB;", [FUNCTION, "B"]),
        ("SELECT $$;$$; B", ["SELECT $$;$$", "B"]),
        (f"A;\n{TRIGGER}\nB;", ["A", TRIGGER, "B"]),
    ],
)
def test_text_is_split_at_the_semicolons_that_end_statements(text: str, expected: list[str]) -> None:
    assert statements(text) == expected
