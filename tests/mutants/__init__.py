"""``make mutants``: whether the tests notice when one small thing of the code is changed."""
