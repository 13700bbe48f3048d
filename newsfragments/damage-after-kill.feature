After a kill without a loss of power, damage in the commit log was passed over instead of cutting off what had been acknowledged behind it.
