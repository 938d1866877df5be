"""The comment form of ISO, IEC, CEN and CENELEC, both ways: how is a line of it read, and which passage does it speak of?"""
