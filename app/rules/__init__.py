"""Business rules that are more than a declaration: what may become of people, pools, roles."""
