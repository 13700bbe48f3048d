A command ``mqadmin`` of our own was added, with the verbs, options and tables of the genuine tool, ``--json`` for programs and stable exit codes.
