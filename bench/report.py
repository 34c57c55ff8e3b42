"""The table: what was measured, ours, the peer's, their ratio, the goal and whether it is met."""


def duration(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.2g} µs"


class Table:
    """Rows are printed as they come; `finish` prints the whole as Markdown."""

    def __init__(self):
        self.rows = []

    def add(self, name, ours, theirs, ratio, goal, met):
        verdict = "" if met is None else "yes" if met else "NO"
        self.rows.append((name, ours, theirs, ratio, goal or "", verdict))
        print(" · ".join(filter(None, self.rows[-1])), flush=True)

    def ratio(self, name, ours, theirs, peer, limit):
        ratio = ours / theirs
        goal = f"≤ {limit:.1f} ×" if limit else ""
        met = ratio <= limit if limit else None
        self.add(name, duration(ours), f"{duration(theirs)} ({peer})", f"{ratio:.2f} ×", goal, met)

    def limit(self, name, seconds, limit):
        self.add(name, duration(seconds), "", "", f"< {duration(limit)}", seconds < limit)

    def value(self, name, value, goal, met):
        self.add(name, value, "", "", goal, met)

    def failed(self, name, error):
        self.add(name, f"failed: {str(error).splitlines()[0][:100]}", "", "", "", False)

    def finish(self):
        """Prints the table; whether every goal is met."""
        head = ("measure", "lakewire", "peer", "ratio", "goal", "met")
        print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for row in self.rows:
            print("| " + " | ".join(row) + " |")
        missed = [row[0] for row in self.rows if row[-1] == "NO"]
        print(f"\n{len(missed)} goals missed" + (": " + "; ".join(missed) if missed else ""))
        return not missed
