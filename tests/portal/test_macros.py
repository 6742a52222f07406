"""The parts that pages share: what they write for ordinary values, for none, and for hostile ones."""

import re
from datetime import UTC, datetime

import pytest

from portal.rendering import environment

NOW = datetime(2025, 11, 12, 9, 14, tzinfo=UTC)
ALL = """
{% from "macros/marks.html" import badge, feed_badge, http_badge, lock_badge, status_badge, when %}
{% from "macros/charts.html" import bars, pairs, share_bar, sparkline, stacked_bars %}
{% from "macros/lists.html" import active_filters, chips, empty, empty_state, more_link, more_row, pager, pick,
  pick_all, picked_count, row_menu, sort_header %}
{% from "macros/flows.html" import code, diff_table, progress_bar, stage, step, stepper %}
{% from "macros/notes.html" import finding, note %}
{% from "macros/dialogs.html" import decide_buttons, decide_title, dialog_link %}
"""
EVIL = '"><script>x</script>'


def written(source: str, **values: object) -> str:
    """Return what a template with all macros at hand writes."""
    text = environment().from_string(ALL + source).render(now=NOW, evil=EVIL, **values)
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ status_badge(true) }}", "Active"),
        ("{{ status_badge(false) }}", "Disabled"),
        ("{{ http_badge(409) }}", "badge bad"),
        ("{{ http_badge(201) }}", "badge good"),
        ("{{ lock_badge() }}", "Locked"),
        ("{{ feed_badge('quiet') }}", "Quiet"),
        ("{{ feed_badge(none) }}", "No request yet"),
        ("{{ when(now, now) }}", 'datetime="2025-11-12T09:14:00Z"'),
        ("{{ sort_header('Name', '?sort=name', 'ascending') }}", 'aria-sort="ascending"'),
        ("{{ more_row('people', '?after=1', 6) }}", '<tr id="people-more"'),
        ("{{ more_link('people', '?after=1') }}", "Load more"),
        ("{{ pager('', '?before=1') }}", "Older"),
        ("{{ chips('Views', [('All', '?', true)]) }}", 'aria-current="true"'),
        ("{{ active_filters([('Status: active', '?')], '?') }}", "(remove this filter)"),
        ("{{ pick('user_id', '1', 'Ann', 'bulk') }}", 'form="bulk"'),
        ("{{ pick_all('user_id', 'Pick all shown') }}", 'data-all="user_id"'),
        ("{{ picked_count('user_id') }}", 'data-count="user_id"'),
        ("{% call row_menu('menu-1', 'Ann') %}<li>Lock</li>{% endcall %}", 'popovertarget="menu-1"'),
        ("{{ empty('Nobody', 'Clear the filters', '?', 'Clear') }}", "<strong>Nobody</strong>"),
        ("{% call empty_state('Nobody') %}<p>yet</p>{% endcall %}", "<p>yet</p>"),
        ("{{ step('wrong', 'First user', 'Assign one') }}", "(failed)"),
        ("{{ step('done', 'First user', at=now) }}", "12 Nov 2025"),
        ("{% call stage(3, 'Match', 'skipped') %}{% endcall %}", "not reached"),
        ("{{ stepper(['Choose', 'Preview', 'Apply'], 2) }}", '<li aria-current="step">'),
        ("{{ diff_table([('title', none, 'Engineer')]) }}", "<ins>Engineer</ins>"),
        ("{% call code('body') %}{{ evil }}{% endcall %}", 'data-copy="body"'),
        ("{{ progress_bar('job', 'Locking', 3, 0) }}", 'max="1"'),
        ("{% call note('warn') %}Beware{% endcall %}", "notice warn"),
        ("{% call finding('bad', 'Leaves no administrator') %}Lock one{% endcall %}", "Lock one"),
        ("{{ decide_title('Revoke', true) }}", '<h2 id="dialog-title">Revoke</h2>'),
        ("{{ decide_title('Revoke', false) }}", "<h1>Revoke</h1>"),
        ("{{ decide_buttons('Revoke', '/back', true) }}", 'formmethod="dialog"'),
        ("{{ decide_buttons('Revoke', '/back', false, danger=true) }}", 'href="/back"'),
        ("{{ dialog_link('/revoke', 'Revoke', about='Ann') }}", 'hx-target="#dialog-body"'),
        ("{{ share_bar('1 of 2', 1, 2) }}", 'width="50.0"'),
        ("{{ share_bar('0 of 0', 0, 0) }}", "0 of 0"),
        ("{{ sparkline('3 requests', [1, 0, 2]) }}", "<title>3 requests</title>"),
        ("{{ pairs('p', 'Changes', [('Loanee', 'Editor', 31, true)]) }}", "Privileged"),
        ("{{ pairs('p', 'Changes', []) }}", "<tbody> </tbody>"),
    ],
)
def test_a_part_writes_what_it_says(source: str, words: str) -> None:
    assert words in written(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ badge(evil, 'good') }}",
        "{{ pick('user_id', evil, evil, 'bulk') }}",
        "{{ active_filters([(evil, evil)], '?') }}",
        "{{ diff_table([(evil, evil, evil)]) }}",
        "{{ pairs('p', 'Changes', [(evil, evil, 1, false)]) }}",
        "{{ stacked_bars('c', evil, [(evil, 'good')], [(evil, [1])]) }}",
        "{{ dialog_link('/x', 'Lock', about=evil) }}",
        "{% call code('body') %}{{ evil }}{% endcall %}",
        "{{ step('open', evil, evil, evil) }}",
    ],
)
def test_a_part_escapes_what_it_is_given(source: str) -> None:
    assert "<script" not in written(source)


def test_a_chart_is_a_drawing_with_a_table_behind_it() -> None:
    kinds = [("Created", "good"), ("Failed", "bad")]
    chart = written("{{ stacked_bars('c', 'Two days', kinds, points) }}", kinds=kinds,
                    points=[("1 Nov", [3, 1]), ("2 Nov", [0, 2])])  # fmt: skip

    assert chart.count("<rect class=") == 3, "no bar for none"
    assert 'y="4.0" height="24.0"' in chart, "the highest pile fills the drawing but for its margin"
    assert "Two days: at most 4 a bar" in chart
    assert re.findall(r'<td class="count">(\d+)</td>', chart) == ["3", "1", "0", "2"]


@pytest.mark.parametrize("points", [[], [("1 Nov", 0)], [("1 Nov", 0), ("2 Nov", 0)]])
def test_a_chart_of_nothing_has_no_bars(points: list[tuple[str, int]]) -> None:
    chart = written("{{ bars('c', 'Requests a day', points) }}", points=points)

    assert "<rect class=" not in chart
    assert "at most 0 a bar" in chart
