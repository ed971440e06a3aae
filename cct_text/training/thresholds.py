"""From which probability on a text has a label: chosen by dev, where a text may have several labels."""

from __future__ import annotations

import numpy as np

USUAL = 0.5
"""Where no dev row has any label, or there is no dev split."""
FEWEST_ROWS = 10
"""Dev rows that have a label, for a threshold of its own. With fewer the best one is mostly luck: they share one."""
CLOSEST = 1e-6
"""To 0 and 1; a float32 holds all that lies between."""


def fit_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
    """A threshold for each label: that of the best F1 on N dev rows.

    Labels that fewer than `FEWEST_ROWS` rows have share one: that of the best F1 of all labels' decisions together (micro F1).

    Args:
        probabilities: (N, C), calibrated.
        labels: (N, C) bool. N may be 0.

    Returns:
        C numbers in (0, 1).
    """
    shared = best_threshold(probabilities.ravel(), labels.ravel())
    own = labels.sum(axis=0) >= FEWEST_ROWS
    columns = zip(own, probabilities.T, labels.T, strict=True)
    return tuple(best_threshold(of_label, has) if enough else shared for enough, of_label, has in columns)


def best_threshold(probabilities: np.ndarray, has: np.ndarray) -> float:
    """The threshold of the best F1, found exactly: every cut of the sorted rows is tried.

    It lies midway between the probabilities on its two sides, so that no row of dev is close to it without need; of equally
    good ones it is the one closest to `USUAL`.

    Args:
        probabilities: (N,).
        has: (N,) bool; where none is true, `USUAL` is returned.
    """
    if not has.any():
        return USUAL
    order = np.argsort(-probabilities, kind="stable")
    falling = np.append(probabilities[order].astype(np.float64), 0.0)  # (N + 1,)
    count = np.arange(1, len(falling))  # of those above each cut
    f1 = 2 * has[order].cumsum() / (count + has.sum())
    middle = (falling[:-1] + falling[1:]) / 2
    f1[falling[:-1] == falling[1:]] = -1.0  # no cut between equals
    best = np.flatnonzero(f1 == f1.max())
    threshold = float(middle[best[np.abs(middle[best] - USUAL).argmin()]])
    return min(max(threshold, CLOSEST), 1.0 - CLOSEST)
