"""Publish, withhold, restore: always with a reason, never erasing."""
