"""The text: chapters, their revisions and the addressable blocks they are made of."""
