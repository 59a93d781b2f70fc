"""The sandbox: each file of a student runs in a process of its own, and is judged outside of it.

Read ``sandbox`` (the side that you trust), ``forking_server`` (starts a process for each exercise),
``ask_file`` (what runs in that process), ``emptied_package`` (how it gets this package without the
solution) and ``pipes`` (what may pass between them); then ``give_up_rights``, ``linux_calls`` and
``allowed_calls`` (how that process is locked in), ``files_needed`` (what lies in its folder),
``folders`` (how that is measured and removed), and ``judge_reply``.
This file imports nothing, because the server must not load the right answers.
"""
