"""What says the same in nearly the same words: folded by the worker, and put right by people."""
