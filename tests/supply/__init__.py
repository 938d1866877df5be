"""What the platform is made of that others wrote: ``python -m tests.supply``."""
