"""The commands of ``albert-np``, a file each: ``add(commands)`` says what it can be told."""
