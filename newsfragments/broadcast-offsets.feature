The broker remembers how far the members of broadcasting groups have pulled, so that they can go over from a proxy to the broker and back (`enableBroadcastOffsetStore`).
