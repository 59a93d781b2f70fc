"""The sandbox: files of students run in a process of their own, and their answers judged outside.

Read ``pipes`` (what may pass the wall), ``linux`` and ``cage`` (how one function of one student is
run), ``work`` (what runs inside), ``caged_checking`` (the side that knows the right numbers);
``unsecured_checking`` and ``child`` are for a student's own machine.
"""
