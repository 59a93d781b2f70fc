"""The tools beside this file are commands: they hold no examples, and need cosmic-ray."""

collect_ignore_glob = ["[!t]*.py"]
