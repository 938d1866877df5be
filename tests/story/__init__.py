import pytest

# What these find is told as in a test.
pytest.register_assert_rewrite("tests.story.acts", "tests.story.people")
