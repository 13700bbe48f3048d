The setting `indexStrategy` chose the index of keys: `hash` (the genuine files), `none`, or a plugin's.
