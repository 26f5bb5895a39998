"""Looks at everything from outside the days: what is wrong, which cause hides which symptom, and what repairs it.

`observation` holds the facts, `diagnosis` finds what is wrong, `repairs` decides what is done before an operator is
called, `log` stores both. All of it is pure but the log: facts and time come in from outside.
"""
