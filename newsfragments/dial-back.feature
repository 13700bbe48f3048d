A broker tried the address that it tells clients, and warned with the name of the setting (`brokerIP1`) where it could not be reached; `dialBackEnable=false` turned that off.
