"""The table of the project's README: plain forwarding and scripting engines, in the same paired rounds."""

from . import report, stats

_HEADER = ["proxy", "CPU us/request", "over nginx", "over its own plain", "us more", "p99 us"]


def table(records, versions, command):
    """Ready to paste: the table, how it was measured, versions, and the command that makes it again."""
    body = [_row(records, name) for name in report.subjects(records)]
    errors = sum(r["errors"] for r in records)
    notes = [
        f"Medians, with their 95 % bootstrap intervals; {report.conditions(records)}; {errors} errors.",
        "p99 is of a closed loop with 64 connections on one core: compare it within the table only.",
        "Versions: " + "; ".join(f"{name} ({version})" for name, version in versions.items()) + ".",
        f"Made by `{command}`.",
    ]
    return "\n".join([report.rows(_HEADER, body), "", *notes])


def _row(records, name):
    cpu, p99 = (stats.median(report.of(records, name, field)) for field in ("cpu_us_per_req", "p99_us"))
    ratio, micros = report.over_own_plain(records, name)
    return [
        name,
        report.number(cpu),
        stats.show_median(stats.ratios(records, name, "nginx", "cpu_us_per_req")),
        ratio,
        _each_of_ten(records, name) if "10" in name else micros,
        report.number(p99, "{:.0f}"),
    ]


def _each_of_ten(records, name):
    both = stats.pairs(records, name, name.split(":")[0], "cpu_us_per_req")
    shown = stats.show_median([(a - b) / 10 for a, b in both], "{:+.1f}")
    return shown if shown == "-" else f"{shown} each"
