"""The tests at other moments than now: see `python -m tests.elsewhen --help`."""
