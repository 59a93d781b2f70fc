"""The commands of ``albert-np``, a file each: ``add(commands)`` says what it can be told.

Read ``cli`` (the list of the commands), then one of them: ``pretrain``, ``prepare``, ``plot`` and
``ablate``; ``finetune``, ``search``, ``evaluate``, ``predict`` and ``quantize``; ``fill_mask``,
``embed``, ``similarity`` and ``info``; ``gradcheck``, ``equation``, ``trace`` and ``lab``;
``course`` and ``course_marking``.
``options_of``, ``input_columns``, ``input_texts``, ``output_folder``, ``resuming`` and ``parser``
hold what several of them share.
"""
