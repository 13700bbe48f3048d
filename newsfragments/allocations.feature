Our consumer shares queues out in all ways of the genuine client, with the same answers: dealt out, on a ring of hashes, as told, by machine room, nearby.
