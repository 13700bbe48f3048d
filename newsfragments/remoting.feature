One protocol carried requests both ways, with limits on frames, requests, connections and unsent bytes, each a setting.
