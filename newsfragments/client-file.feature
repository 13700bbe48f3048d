Clients can be told of their cluster by a file (`load_settings`, `nameservers="file:client.conf"`) with the names of genuine system properties, and belong to a unit.
