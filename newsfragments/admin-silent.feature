`Admin.groups`, `roll_call` and `topics.message_count` take `silent=`, which gets the brokers that do not answer, while the others' part is given.
