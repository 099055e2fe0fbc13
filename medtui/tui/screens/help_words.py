"""What Help explains beside keys: words, states, and the marks of verdicts and charts."""

from medtui.charts.palette import MARKS

Row = tuple[str, str]
"""A word or mark, and its meaning."""

WORDS: tuple[Row, ...] = (
    ("reference", "the dense, trained network that every run of a study compresses"),
    ("control", "the reference, trained on exactly as long; every change is measured against it"),
    ("scratch", "a network of the compressed size, trained from the beginning"),
    ("margin", "the loss that you accept, stated before the study starts"),
    ("non-inferior", "the whole interval of the change lies above minus the margin"),
    ("worse", "the whole interval lies below 0: something is lost, beyond the margin or not"),
    ("not shown", "the interval has 0 and the margin in it: these patients cannot tell"),
    ("interval", "[−0.3, +1.0]: 95 %, over patients, or seeds and patients"),
    ("kept", "the cycle whose model is saved; it is chosen by val"),
    ("density", "the share of weights (or filters, neurons, blocks) that are kept"),
    ("sparse size", "the file without zeros (packed): smaller, not faster"),
    ("half bytes", "16-bit weights: half the bytes of each, as in PruneQuantize16"),
    ("smaller", "by the bytes of the sparse file, or of an exported one"),
    ("shrinks", "whole filters are removed: fewer operations, and faster"),
    ("guard", "keeps a layer from losing all weights, and re-estimates BatchNorm"),
    ("collapsed", "a layer lost every weight; predictions may be at chance level"),
    ("cycle", "one L step (training) and one C step (compression) of L-C"),
    ("w, theta", "the dense weights that are trained; the compressed ones that are saved"),
    ("mu", "the penalty that pulls w towards theta; it grows with every cycle"),
    ("violation", "|w − theta| / |w|: the distance of w from theta"),
    ("budget B", "the sum of the penalty's pull; below 3, L-C changes little"),
    ("low-fidelity", "a run of a search with fewer cycles; not in fronts and means"),
    ("pinned", "the run that all others are compared with, in place of the control"),
)

STATES: tuple[Row, ...] = (
    (f"{MARKS['running']} running", "trains now"),
    (f"{MARKS['queued']} queued", "starts after the runs before it"),
    (f"{MARKS['waiting']} waiting", "its job is in a cluster's queue, for the reason shown"),
    (f"{MARKS['finished']} finished", "its result is written"),
    (f"{MARKS['stopped']} stopped", "by a user or a signal; r resumes it"),
    (f"{MARKS['failed']} failed", "by an error; its log has the message"),
    (f"{MARKS['crashed']} crashed", "its worker process ended without an error; r resumes it"),
    (f"{MARKS['silent']} silent", "no heartbeat from where it runs, or a copied folder"),
)

SIGNS: tuple[Row, ...] = (
    ("✓ ~ ✗ ·", "non-inferior, not shown, worse, too few patients"),
    ("● ★", "measured point; the cycle that is kept"),
    ("▪ ○", "test; val alone"),
    ("╌ ┈ ··", "control, reference, margin"),
    ("◇ ◆", "reference, control"),
    ("A B C", "a run; its letter and colour are the study's, on every screen"),
    ("–", "not measured"),
    ("— ⚠", "cannot be; look here"),
)
