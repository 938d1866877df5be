"""What can be found?"""
