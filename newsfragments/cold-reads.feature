With ``coldDataFlowControlEnable`` the broker put off pulls of groups that read much from the disk; ``mqadmin`` shows and sets the limits.
