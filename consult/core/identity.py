"""What Flask-Security wants of a user, kept out of the models' imports."""

from flask_security import UserMixin as Identity

__all__ = ["Identity"]
