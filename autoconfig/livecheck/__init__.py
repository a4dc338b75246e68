"""The check that a visitor of the guide starts: one short process for each run, and a small file that every worker can show.

`desk` is the workers' side and `process` is the run itself; what lies between them is `state`, and a file each.
"""
