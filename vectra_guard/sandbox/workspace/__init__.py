"""Look before you keep: runs on a copy-on-write view of the workspace, their review, keep, drop and undo.

``view`` prepares the view for a run, ``changes`` reads what the run did, ``pending`` holds it until somebody
decides, ``apply`` keeps it, ``undo`` brings the old files back, ``summary`` puts it on one screen.
"""
