"""Rules that choose the decision threshold of each class of a multi-label task. Loads no numpy."""

import re

ThresholdRule = str
"""`youden`, `half`, `f1`, `prevalence`, or `sensitivity=` with a number between 0 and 1."""

RULES: dict[str, str] = {
    "youden": "largest sensitivity + specificity on val",
    "half": "probability 0.5",
    "f1": "largest F1 on val",
    "prevalence": "as many predicted as labelled positives on val",
}
"""Rules without a number, and what they choose."""

FORMER_RULE: ThresholdRule = "youden"
"""The rule of files and presets that name none."""

FIXED_SENSITIVITY = 0.9
"""Sensitivity at which the specificity is reported, whatever the rule is."""

_AT_SENSITIVITY = re.compile(r"sensitivity=(0?\.\d+)")


def wanted_sensitivity(rule: ThresholdRule) -> float | None:
    """Return the number of a rule `sensitivity=0.90`; None for the other rules.

    Raises:
        ValueError: there is no such rule.
    """
    if rule in RULES:
        return None
    found = _AT_SENSITIVITY.fullmatch(rule)
    if found is None or not 0 < float(found[1]) < 1:
        known = ", ".join(f'"{name}"' for name in RULES)
        raise ValueError(
            f'`{rule}` is no rule for thresholds. Choose {known} or "sensitivity=0.90" with any '
            "number between 0 and 1"
        )
    return float(found[1])


def at_sensitivity(sensitivity: float) -> ThresholdRule:
    """Return the rule that chooses the highest threshold with this sensitivity."""
    return f"sensitivity={sensitivity:g}"


def describe_rule(rule: ThresholdRule) -> str:
    """Return a rule and what it chooses: `f1: largest F1 on val`."""
    wanted = wanted_sensitivity(rule)
    if wanted is None:
        return f"{rule}: {RULES[rule]}"
    return f"{rule}: the highest threshold with a sensitivity of at least {wanted:g} on val"


def describe_decisions(rule: ThresholdRule, none_class: str | None) -> str:
    """Return a sentence on how a multi-label task's answers follow from probabilities.

    `half` is one threshold for all classes, which val does not choose.
    """
    if rule == "half":
        text = "Each class is answered at a probability of 0.5 or more"
    else:
        text = f"Each class has its own threshold, by {describe_rule(rule)}"
    if none_class is None:
        return f"{text}."
    return f"{text}; {none_class} is answered only where no class that contradicts it is."
