"""What a rehearsal found, for people as a table and for programs as one object."""

from dataclasses import asdict, dataclass

from rolebook.rehearsal.company import Size
from rolebook.rehearsal.tally import Row, Tally

EXAMPLES_MAX = 20

COLUMNS = {
    "step": "step",
    "requests": "requests",
    "wrong": "wrong",
    "per_second": "per s",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
    "max_ms": "max ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A rehearsal that was played to the end."""

    provider: str
    base_url: str
    prefix: str
    seed: int
    size: Size
    concurrency: int
    kept: bool
    tally: Tally
    slugs: tuple[str, ...] = ()
    """The tenants that users were sent to."""
    held: int = 0
    """How often somebody was found in a tenant because a guard kept them there."""

    @property
    def ok(self) -> bool:
        """Whether every answer was right."""
        return self.tally.wrong == 0 and self.tally.abandoned == 0

    def document(self) -> dict[str, object]:
        """Return everything, for programs; times are milliseconds."""
        totals = self.tally.totals()
        return {
            "ok": self.ok,
            "provider": self.provider,
            "base_url": self.base_url,
            "prefix": self.prefix,
            "seed": self.seed,
            "users": self.size.users,
            "groups": self.size.groups,
            "memberships": self.size.membership_count,
            "concurrency": self.concurrency,
            "kept": self.kept,
            **({"tenants": list(self.slugs), "held": self.held} if self.slugs else {}),
            **{name: value for name, value in totals.items() if name != "step"},
            "abandoned": self.tally.abandoned,
            "waits": self.tally.waits,
            "waited_s": self.tally.waited_s,
            "steps": self.tally.rows(),
            "examples": [asdict(one) for one in self.tally.examples[:EXAMPLES_MAX]],
        }

    def lines(self) -> list[str]:
        """Return everything, for people."""
        size = self.size
        tenants = f" in {len(self.slugs)} tenants" if self.slugs else ""
        played = f"{size.users} users{tenants}, {size.groups} groups, {size.membership_count} memberships"
        said = [f"{self.provider} against {self.base_url}: {played}, {self.concurrency} at a time", ""]
        said += [*_table([*self.tally.rows(), self.tally.totals()]), ""]
        for one in self.tally.examples[:EXAMPLES_MAX]:
            said += [f"{one.step}: {one.request}", f"  expected {one.expected}", f"  got      {one.got}"]
        if self.tally.waits:
            said.append(f"Put off by 429 or 503: {self.tally.waits} times, {self.tally.waited_s:.0f} s.")
        if self.tally.abandoned:
            said.append(f"{self.tally.abandoned} sequences could not go on.")
        if self.held:
            said.append(f"{self.held} times a guard kept somebody in a tenant: see its held changes.")
        if self.kept:
            said.append(f"Kept: everything whose name has {self.prefix}.")
        said.append("Every answer was right." if self.ok else f"{self.tally.wrong} wrong answers.")
        return said


def _table(rows: list[Row]) -> list[str]:
    cells = [list(COLUMNS.values()), *([_cell(row[name]) for name in COLUMNS] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in cells
    ]
    rule = "-" * len(lines[0])
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _cell(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
