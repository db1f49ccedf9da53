"""Interleaved rounds: A B B A …, processor time of each, medians and spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def interleaved(contenders: Mapping[str, Callable[[], None]], rounds: int = 5) -> dict[str, list[float]]:
    """Processor seconds of each contender in each round; the order turns around every round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in sorted(contenders, reverse=bool(number % 2)):
            started = time.process_time()
            contenders[name]()
            times[name].append(time.process_time() - started)
    return times


def report(times: Mapping[str, list[float]], unit: str, count: int, ours: str, floor: str) -> float:
    """Print each contender's cost and the ratio of medians; return the ratio."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        spread = max(values) / min(values)
        noisy = "  (noisy)" if spread > 1.5 else ""
        print(f"  {name:28} {medians[name] / count * 1e6:9.1f} µs CPU a {unit}   spread {spread:.2f}{noisy}")
    ratio = medians[ours] / medians[floor]
    print(f"  ratio {ours} ÷ {floor}: {ratio:.3g}   ({count} {unit}s, {len(next(iter(times.values())))} rounds)")
    return ratio
