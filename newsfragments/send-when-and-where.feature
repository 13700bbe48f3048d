Messages of our client could be delivered after seconds or at a time (`delay_s`, `deliver_at_ms`) and called back, and went by a sharding key; compressions were chosen by name.
