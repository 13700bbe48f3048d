"""The ``mqadmin`` command: the verbs of the genuine tool, and its tables, at once.

A verb is a declared name with options and one coroutine function. To add one:

1. Name it in the family's line of ``table.FAMILIES`` and take it out of
   ``table.NOT_THERE``. The family is the file: ``consumers`` is ``consumers.py``. It is
   imported only for its own verbs, so it may import at the top what it needs.
2. Declare it in ``VERBS`` of that file::

       VERBS = [
           Verb(
               "consumerConnection",
               "shows the members of a group, and what they want",
               consumer_connection,
               Option("g", "consumerGroup", "the group", required=True),
               Option("b", "brokerAddr", "ask this broker only"),
           ),
       ]

   Names, options, which of them are required, and aliases are the genuine tool's; a
   test holds them against the catalogue. ``kind`` of an option says what its value is:
   ``str`` (without blanks around it), ``integer``, ``seconds``, ``boolean``; None for a
   flag. ``one_of=("b", "c")`` asks for exactly one of these. ``repeats=True``: with
   ``-i SECONDS`` the verb runs again and again, without it every ``every_s``.

3. Write the function::

       async def consumer_connection(
           admin: Admin, options: Any, output: Output
       ) -> None:
           found = await admin.groups.connection(options.consumer_group)
           output.line("%-36s %-22s", "#ClientId", "#ClientAddr")
           for each in found.members:
               output.line("%-36s %-22s", each.client_id, each.address)
           output.result({"group": found.name, "members": [...]})

   *options* has an attribute for each option, named as its long name, but in our
   spelling (``consumerGroup`` is ``consumer_group``), None where it is not given.
   ``output.line`` is for people: the genuine tool's formats, byte for byte, with values
   written as Java writes them (``output.java``; ``text`` is without a line end, and
   ``fastjson.pretty`` is its JSON). ``output.result`` is for programs
   (``--json``): one JSON value a call, with names and units of ours. Both are always
   called; only the one that was asked for is printed. A verb calls ``result`` once, or
   once for each message where there may be many.

   What fails is raised: an error becomes one line on standard error, and the exit
   status that ``exits`` has for its kind. ``output.problem`` is for what goes wrong
   with one broker of several while the verb goes on. Rows are sorted, where the genuine
   tool has the order of a hash table.

4. Test it as ``tests/app/mqadmin/test_topics.py`` does, with a cluster in memory; and
   beside the genuine tool in ``tests/interop/test_mqadmin.py``.
"""
