``mqadmin`` got the verbs about consumer groups, their offsets and members, producers, stored messages, traces and sending.
