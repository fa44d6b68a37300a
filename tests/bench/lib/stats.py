"""Medians and paired ratios."""

import random
import statistics


def median(values):
    """Of those that are there; None when none is."""
    there = [v for v in values if v is not None]
    return statistics.median(there) if there else None


def spread(values):
    """Half the distance between the quartiles, as a share of the median."""
    there = sorted(v for v in values if v is not None)
    if len(there) < 2 or not median(there):
        return None
    return (_quantile(there, 0.75) - _quantile(there, 0.25)) / 2 / median(there)


def pairs(records, subject, base, field):
    """(subject's, base's) value of a field, for each round in which both were measured."""
    rounds = {}
    for r in records:
        rounds.setdefault(r["round"], {}).setdefault(r["subject"], r.get(field))
    both = [(values.get(subject), values.get(base)) for values in rounds.values()]
    return [(a, b) for a, b in both if a and b]


def ratios(records, subject, base, field):
    """subject / base, round by round."""
    return [a / b for a, b in pairs(records, subject, base, field)]


def interval(values, draws=400):
    """95 % bootstrap interval of the median; the same draws each time."""
    source = random.Random(1)
    medians = sorted(statistics.median(source.choices(values, k=len(values))) for _ in range(draws))
    return medians[int(draws * 0.025)], medians[int(draws * 0.975)]


def show_median(values, form="{:.2f}"):
    """As '1.02 [0.99-1.05]'; without the interval under three values."""
    if not values:
        return "-"
    text = form.format(median(values))
    if len(values) < 3:
        return text
    low, high = map(form.format, interval(values))
    return f"{text} [{low} to {high}]"


def _quantile(ordered, share):
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
