"""Tables, in markdown, from measured records: medians over rounds, ratios paired within a round."""

import json

from . import stats
from .scenarios import SCENARIOS

# A subject keeps at least so many records, its quietest, whatever the other work on the machine.
MIN_KEPT = 3


def load(files):
    """The records of kept files, by scenario and mode."""
    kept = {}
    for path in files:
        with open(path) as f:
            for record in map(json.loads, filter(str.strip, f)):
                kept.setdefault((record["scenario"], record["mode"]), []).append(record)
    return kept


def quiet(records, max_foreign):
    """Drops what was measured beside more other work than that (cores)."""
    if max_foreign is None:
        return records
    out = []
    for subject in subjects(records):
        mine = sorted((r for r in records if r["subject"] == subject), key=lambda r: r["foreign_cores"])
        keep = [r for r in mine if r["foreign_cores"] <= max_foreign]
        out += keep if len(keep) >= MIN_KEPT else mine[:MIN_KEPT]
    return out


def subjects(records):
    """Their names, in the order of the records."""
    return list(dict.fromkeys(r["subject"] for r in records))


def of(records, subject, field):
    """The subject's values of a field."""
    return [r.get(field) for r in records if r["subject"] == subject]


def number(value, form="{:.1f}"):
    """A table's cell; a dash for what was not measured."""
    return "-" if value is None else form.format(value)


def rows(header, body):
    """A markdown table whose columns line up in a terminal too."""
    widths = [max(len(str(row[i])) for row in [header, *body]) for i in range(len(header))]

    def line(cells):
        return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([line(header), rule, *map(line, body)])


def conditions(records):
    """How it was measured, in half a sentence."""
    rounds = len({r["round"] for r in records})
    foreign = stats.median([r["foreign_cores"] for r in records])
    return (
        f"{records[0]['mode']}, {rounds} rounds; other work on the machine used {foreign:.2f} cores (median)"
    )


def over_own_plain(records, subject):
    """CPU over the same peer's plain forwarding: as a ratio, and in microseconds a request."""
    plain = subject.split(":")[0]
    both = stats.pairs(records, subject, plain, "cpu_us_per_req")
    if subject == plain or not both:
        return "-", "-"
    ratio = stats.show_median([a / b for a, b in both])
    return ratio, stats.show_median([a - b for a, b in both], "{:+.1f}")


def table(records, baseline):
    """One scenario's table."""
    scenario = SCENARIOS[records[0]["scenario"]]
    names = subjects(records)
    base = baseline if baseline in names else names[0]
    head = f"### {records[0]['scenario']}: {scenario.title}\n{conditions(records)}; baseline {base}\n\n"
    columns = _MEMORY if scenario.load == "idle" else _COLUMNS | (_OWN if scenario.own else {})
    body = [[name, *(cell(records, name, base) for cell in columns.values())] for name in names]
    return head + rows(["proxy", *columns], body) + "\n"


def _median(field, form="{:.1f}", scale=1):
    def cell(records, name, _base):
        value = stats.median(of(records, name, field))
        return number(value if value is None else value * scale, form)

    return cell


def _ratio(field):
    return lambda records, name, base: stats.show_median(stats.ratios(records, name, base, field))


def _sum(first, second, joint="{:.1f}"):
    def cell(records, name, _base):
        a, b = (stats.median(of(records, name, f)) or 0 for f in (first, second))
        return joint.format(a + b) if joint.count("{") == 1 else joint.format(a, b)

    return cell


def _spread(records, name, _base):
    share = stats.spread(of(records, name, "cpu_us_per_req"))
    return number(share and share * 100, "{:.0f} %")


def _best(field):
    return lambda records, name, _base: number(
        min(filter(None, of(records, name, field)), default=None), "{:.0f}"
    )


def _own(records, name, _base):
    ratio, micros = over_own_plain(records, name)
    return ratio if ratio == "-" else f"{ratio}, {micros} us"


_COLUMNS = {
    "CPU us/req": _median("cpu_us_per_req"),
    "user+sys": _sum("user_us", "sys_us", "{:.1f}+{:.1f}"),
    "IQR/2": _spread,
    "CPU ratio [95 %]": _ratio("cpu_us_per_req"),
    "req/s": _median("rps", "{:.0f}"),
    "p50 us": _median("p50_us", "{:.0f}"),
    "p99 us": _median("p99_us", "{:.0f}"),
    "p99.9 us": _median("p999_us", "{:.0f}"),
    "best p99": _best("p99_us"),
    "p99 ratio [95 %]": _ratio("p99_us"),
    "RSS MiB": _median("rss_kb", scale=1 / 1024),
    "busy": _median("proxy_cores", "{:.0f} %", 100),
    "sleeps/req": _median("switches_per_req", "{:.2f}"),
    "load us": _sum("load_us", "origin_us"),
    "err": _median("errors", "{:.0f}"),
}
_OWN = {"CPU over own plain": _own}
_MEMORY = {
    "PSS before, MiB": _median("pss_before_kb", scale=1 / 1024),
    "PSS with them, MiB": _median("pss_after_kb", scale=1 / 1024),
    "KiB/connection": _median("bytes_per_conn", scale=1 / 1024),
    "lost": _median("errors", "{:.0f}"),
}
