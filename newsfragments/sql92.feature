Consumers could subscribe by SQL92 conditions on properties, which were refused with line and column where they were wrong; `enablePropertyFilter` was on by default.
