"""Alerts to operators: which are open, and which notices have still to be delivered.

`book` makes alerts and notices of what checks find.
"""
