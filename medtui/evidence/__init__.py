"""Evidence about a finished run: plans, the gate, model cards. Imports no torch.

A plan states claims before test is looked at; the gate judges a run by it and records the look in
the study's ledger (`medtui.runs.ledger`); a card collects what is known of a model, number by
number, each with the file and key that it comes from.
"""
