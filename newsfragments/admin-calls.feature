`Admin` got typed calls for consumer groups, their settings, offsets and members, for producers, stored messages and their traces, and for halves that were given up.
