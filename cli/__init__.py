"""The operator's commands: `starter.py COMMAND` and `make demo`.

`commands` parses the arguments and runs the module of the command, such as `status` or `collect`. `target` says what a
command is aimed at, `server`, `providers` and `view` read from there, `render` formats it, `exit_codes` ends it.
"""
