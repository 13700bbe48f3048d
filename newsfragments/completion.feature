``--completion bash`` (or ``zsh``, ``tcsh``) of ``mqadmin`` and ``rmq`` prints a script that completes verbs and options.
